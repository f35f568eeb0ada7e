"""Parts of the deploy page: ready-made calls, the keys, and the end of a deployment."""
from __future__ import annotations

import json
import shlex
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from automl_core.explaining.words import day
from automl_core.production.deployment import Deployment
from pages.ui import forms, session
from pages.ui.address import absolute
from pages.ui.border import border
from pages.ui.theme import CHOICE_WIDTH
from pages.ui.words import ago, count


def score_address(deployment_id: str) -> str:
    """Where rows are scored, as a full address: by the same rule as report links."""
    return absolute(session.workspace().deploy.address(deployment_id))


def answered(frame: pd.DataFrame) -> str:
    """How many of the rows sent got an answer."""
    rows = len(frame)
    made = int(frame["prediction"].notna().sum()) if "prediction" in frame else rows
    if made == rows:
        return f"{count(rows, 'row')} scored."
    return f"{count(made)} of {count(rows, 'row')} got an answer." if made else f"None of {count(rows, 'row')} got an answer."


def calls(deployment_id: str, key: str, row: dict[str, Any]) -> None:
    """Copy-paste calls in curl and Python, with one real row."""
    address = score_address(deployment_id)
    shell, python = st.tabs(["curl", "Python"])
    with shell:
        st.code(curl_call(address, key, row), language="bash", wrap_lines=True)
    with python:
        st.code(python_call(address, key, row), language="python", wrap_lines=True)


def curl_call(address: str, key: str, row: dict[str, Any]) -> str:
    """A shell command; every value is quoted for the shell."""
    body = json.dumps({"rows": [row]}, ensure_ascii=False)
    return (
        f"curl -sS {shlex.quote(address)} \\\n  -H {shlex.quote('Authorization: Bearer ' + key)} \\\n"
        f"  -H 'Content-Type: application/json' \\\n  -d {shlex.quote(body)}"
    )


def python_call(address: str, key: str, row: dict[str, Any]) -> str:
    """A Python program that needs only the standard library."""
    return (
        "import json\nimport urllib.request\n\n"
        f"rows = [{row!r}]\n"
        "request = urllib.request.Request(\n"
        f"    {address!r},\n"
        '    data=json.dumps({"rows": rows}).encode(),\n'
        f'    headers={{"Authorization": "Bearer {key}", "Content-Type": "application/json"}},\n'
        ")\n"
        "with urllib.request.urlopen(request) as answer:\n"
        '    print(json.load(answer)["predictions"])'
    )


def access(deployment: Deployment) -> None:
    """Who may ask: the keys with their state, a further one, an end to one of them, and the end of the deployment."""
    st.subheader("Keys", anchor=False)
    found = session.workspace().deploy.keys(deployment.id)
    st.dataframe(pd.DataFrame([
        {"Key": f"…{key.id[-4:]}", "Made": ago(key.created_at),
         "Last used": ago(key.last_used_at) if key.last_used_at else "Never",
         "State": "Revoked" if key.revoked else "Valid"} for key in found
    ], columns=["Key", "Made", "Last used", "State"]), hide_index=True, key="keys",
        alt="Keys of this deployment with their state")
    valid = {f"…{key.id[-4:]}, made {ago(key.created_at)}": key.id for key in found if not key.revoked}
    if not valid:
        st.caption("No key is valid: programs are refused until you make a new one.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if valid:
            chosen = st.selectbox("Key to revoke", list(valid), width=CHOICE_WIDTH)
            if st.button("Revoke", key="revoke_key"):
                forms.confirm("Revoke key", f"Programs that use the key {chosen} are refused from now on.", "Revoke for good",
                              partial(revoke, deployment, valid[chosen]))
        if st.button("Make a further key", key="new_key", icon=":material/key:", help="Keys in use stay valid."):
            with border():
                session.session().shown_once[deployment.id] = session.workspace().deploy.new_key(deployment.id)
                st.rerun()
        if st.button("End the deployment", key="end_deployment", icon=":material/stop_circle:"):
            forms.confirm("End deployment", "The address stops answering at once, for every key. What was scored is kept.",
                          "End it for good", partial(end, deployment))


def revoke(deployment: Deployment, key_id: str) -> None:
    """Close one key; a key still on the screen might be this one, so it is taken away."""
    session.workspace().deploy.revoke_key(deployment.id, key_id)
    session.session().shown_once.pop(deployment.id, None)
    session.note("The key is revoked")


def end(deployment: Deployment) -> None:
    """Stop the deployment for good."""
    session.workspace().deploy.end(deployment.id)
    session.session().shown_once.pop(deployment.id, None)
    session.note("The deployment has ended")


def history(deployments: tuple[Deployment, ...]) -> None:
    """All deployments of the project, ended ones too, when there is more than the one spoken of above."""
    if len(deployments) < 2 and not any(item.ended for item in deployments):
        return
    with st.expander(f"All deployments ({len(deployments)})"):
        st.dataframe(pd.DataFrame([
            {"Deployed": f"{day(item.created_at)}, {item.created_at:%H:%M} UTC", "Address ends in": f"…{item.id[-6:]}",
             "State": "Ended" if item.ended else "Answers"} for item in deployments
        ]), hide_index=True, key="deployments", alt="All deployments of this project with their state")
