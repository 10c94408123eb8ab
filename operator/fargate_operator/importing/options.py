"""What the command line tells an importer."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Options:
    """`name` and `namespace` are the FargateApp's; `images` names images that the tool would have built, by their names there."""

    stage: str = ""
    app: str = ""
    region: str = ""
    name: str = ""
    namespace: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)  # --param
    given: Mapping[str, str] = field(default_factory=dict)  # --opt
    images: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)  # of the process
