"""Who changed what, when and from where, with the state before and after; refused acts too. Entries are only ever added."""
