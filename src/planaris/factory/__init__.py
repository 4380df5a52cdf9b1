"""The tool's factory interface: SECS-II, HSMS and GEM, on peer time."""

__all__: list[str] = []
