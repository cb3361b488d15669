"""One ASGI process: the pages now, web hooks and schedules beside them. `streamlit run dashboard/app.py` starts it too.

CUADRA_DATA says which data folder it shows.
"""

from pathlib import Path

import streamlit as st

asgi = st.App(Path(__file__).with_name("frame.py"))
