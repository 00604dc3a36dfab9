"""What the contract's tests know of this API beside its contract."""

import json
import os

import schemathesis

OWN_KEY = os.environ["STIPPLE_KEY_ID"]
NOBODY = "00000000-0000-0000-0000-000000000000"

# What the reader of bodies and queries says of a request that isn't as the contract describes it.
ABOUT_FORM = {"unknown_field", "unknown_parameter", "duplicate_field", "malformed_body"}


@schemathesis.hook
def before_call(context, case, kwargs):
    """The key that all of this runs with must not be ended by it."""
    ends_keys = case.operation.path.startswith("/v1/api-keys/{id}") and case.method != "GET"
    if ends_keys and str(case.path_parameters.get("id", "")).lower() == OWN_KEY:
        case.path_parameters["id"] = NOBODY


@schemathesis.check
def refused_by_rule_alone(context, response, case):
    """A request that the contract allows may break a rule, but never lack a field or have one too many."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code not in (400, 422):
        return
    # A client's page says it in words.
    if "json" not in response.headers.get("content-type", [""])[0]:
        return
    problem = json.loads(response.content)
    codes = {problem["code"]} | {error["code"] for error in problem["errors"]}
    # A rule may require what goes with something else; the reader of bodies says it like this.
    lacks_field = problem["detail"].startswith("missing field")
    assert not lacks_field and not codes & ABOUT_FORM, f"the contract allows what is refused: {problem['detail']}"
