"""The factory interface: SECS-II, HSMS and GEM."""
