"""Who may come in and what they may do.

Words: a *user* signs in; a *membership* gives a user a role in a workspace; a *role* is a set of permissions; a *session*
is a signed-in browser; an *API key* is a scoped secret of one workspace; a *bearer* is a JWT (15 minutes) with a refresh token.
"""
