"""The equipment side of GEM (SEMI E30) as data and tables, without sockets or clock of its own."""
