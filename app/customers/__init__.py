"""The people a company keeps in touch with: profiles, typed fields, consent, suppression, orders, activities, import and export."""
