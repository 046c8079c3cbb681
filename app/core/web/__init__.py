"""The edge between HTTP and the rooms: who calls, may they, is the input good, commit or refuse."""
