"""The peer of `pages.py`: as little as a Streamlit page can be that has a chart and a choice."""

from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

CHOICES = ["one", "two", "three", "four", "five", "six"]
asgi = st.App(Path(__file__))

if st.runtime.exists() and st.runtime.scriptrunner.get_script_run_ctx(suppress_warning=True):
    st.title("Bare")
    chosen = CHOICES.index(st.segmented_control("Choice", CHOICES, default="one", key="choice") or "one")
    figure = go.Figure(go.Bar(x=["a", "b", "c", "d"], y=[1 + chosen, 2, 3, 4 - chosen]))
    st.plotly_chart(figure, key="chart", config={"displayModeBar": False})
