"""The one adapter to aws-sam-translator, the exception to "no boto3 in the core": it imports boto3, but calls nothing of AWS.

Its event sources, permissions and roles are ten years of edge cases. It is imported only for an app with functions: that takes
a second and 30 MB. It keeps the region in a class variable, so each call sets it under a lock.
"""

import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Session:
    """All that SAM asks of a boto3 session."""

    region_name: str


def translate(resources: dict[str, Any], region: str) -> dict[str, Any]:
    """Serverless resources as plain CloudFormation, by logical ID. ValueError with SAM's own words where it refuses."""
    from samtranslator.model.exceptions import InvalidDocumentException  # noqa: PLC0415
    from samtranslator.parser.parser import Parser  # noqa: PLC0415
    from samtranslator.utils.py27hash_fix import (  # noqa: PLC0415
        to_py27_compatible_template,
        undo_mark_unicode_str_in_template,
    )

    fragment = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
    with _LOCK:
        to_py27_compatible_template(fragment, {})  # SAM's own hashes of logical IDs rest on it
        try:
            translator = _translator()({}, Parser(), boto_session=_Session(region))
            translated = translator.translate(fragment, parameter_values={})
        except InvalidDocumentException as error:
            causes = sorted(str(getattr(cause, "message", cause)) for cause in error.causes)
            raise ValueError("; ".join(causes)) from error
        translator.metrics.publish()  # goes nowhere; without it SAM complains on standard error
    body: dict[str, Any] = undo_mark_unicode_str_in_template(translated)["Resources"]
    return body


@cache
def _translator() -> Any:
    """SAM's Translator, which would validate its own policy templates anew for every app: two thirds of all the time."""
    from samtranslator.translator import translator  # noqa: PLC0415

    translator.make_policy_template_for_function_plugin = cache(translator.make_policy_template_for_function_plugin)
    return translator.Translator
