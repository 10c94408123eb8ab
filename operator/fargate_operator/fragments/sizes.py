"""Fargate's pairs of cpu and memory.

The table is one for X86_64 and ARM64; 8192 and 16384 need platform version 1.4.0, which Linux tasks have without being told.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html. Pure.
"""

from fargate_operator.fragments.values import Rules, mebibytes

DEFAULT_CPU = 256
DEFAULT_MEMORY = 512

# cpu units → least MiB, most MiB, step
SIZES: dict[int, tuple[int, int, int]] = {
    256: (512, 2048, 512),
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16384, 1024),
    4096: (8192, 30720, 1024),
    8192: (16384, 61440, 4096),
    16384: (32768, 122880, 8192),
}


def size_fault(cpu: int, memory: int | str) -> str | None:
    """What is wrong with the pair, or None. 1,536 MiB is the one step that 256 units leave out."""
    least, most, step = SIZES[cpu]
    size = mebibytes(memory)
    if least <= size <= most and size % step == 0 and (cpu, size) != (256, 1536):
        return None
    right = "512, 1024 or 2048" if cpu == 256 else f"{least} to {most} in steps of {step}"
    return f"{size} MiB do not go with cpu {cpu}; memory must be {right}"


def _cel() -> str:
    size = (
        "type(self.memory) == int ? double(self.memory) : self.memory.endsWith('GB') ? "
        "double(self.memory.replace('GB', '').trim()) * 1024.0 : double(self.memory.replace('MB', '').trim())"
    )
    pairs = " || ".join(
        f"(self.cpu == {cpu} && size in [512, 1024, 2048])"
        if cpu == 256
        else f"(self.cpu == {cpu} && size >= {least} && size <= {most} && size % {step} == 0)"
        for cpu, (least, most, step) in SIZES.items()
    )
    return f"!has(self.cpu) || !has(self.memory) || [int({size})].all(size, {pairs})"


SIZE_RULES: Rules = [
    {
        "rule": _cel(),
        "message": "cpu and memory are not a pair that Fargate has (256: 512, 1024, 2048; 512: 1024 to 4096; …)",
    }
]
