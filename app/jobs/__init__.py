"""Work that outlives a request. Words: *job* (a function), *run* (one row of work), *step* (one transaction of a run), *lease*, *clock*."""
