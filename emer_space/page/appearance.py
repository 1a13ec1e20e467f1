"""Theme, style and head of the page: system fonts and one calm palette, light and dark; no remote resources."""

from pathlib import Path
from typing import Any

import gradio as gr

STYLE = Path(__file__).parent / "style.css"

HEAD = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self' data: blob: 'unsafe-inline' "
    "'unsafe-eval'; object-src 'none'; base-uri 'self'\">"
    '<meta name="referrer" content="no-referrer">'
)
"""Makes the browser refuse anything from another host. Gradio needs inline scripts and eval."""


def theme() -> Any:
    """Gradio's base theme in slate and teal."""
    base = gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        font=[gr.themes.Font("sans-serif")],
        font_mono=[gr.themes.Font("monospace")],
        radius_size=gr.themes.sizes.radius_lg,
    )
    return base.set(
        body_background_fill="#f7f8fa",
        body_background_fill_dark="#10141b",
        body_text_color="#1c2531",
        body_text_color_dark="#e7ebf1",
        body_text_color_subdued="#566273",
        body_text_color_subdued_dark="#a3afc0",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#181e27",
        background_fill_secondary="#f1f3f6",
        background_fill_secondary_dark="#1f2732",
        border_color_primary="#dde2e9",
        border_color_primary_dark="#2d3744",
        block_background_fill="#ffffff",
        block_background_fill_dark="#181e27",
        block_border_width="1px",
        block_shadow="none",
        block_title_text_weight="600",
        block_title_text_color="*body_text_color_subdued",
        block_title_text_color_dark="*body_text_color_subdued",
        input_background_fill="#ffffff",
        input_background_fill_dark="#10141b",
        input_border_color="#c5ccd6",
        input_border_color_dark="#3d4958",
        input_border_width="1px",
        button_primary_background_fill="#0f766e",
        button_primary_background_fill_hover="#0b5f59",
        button_primary_background_fill_dark="#2dd4bf",
        button_primary_background_fill_hover_dark="#5eead4",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#06201d",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_dark="#1f2732",
        button_secondary_border_color="#c5ccd6",
        button_secondary_border_color_dark="#3d4958",
        table_even_background_fill="#ffffff",
        table_even_background_fill_dark="#181e27",
        table_odd_background_fill="#f7f8fa",
        table_odd_background_fill_dark="#1c232d",
        table_border_color_dark="#2d3744",
        link_text_color="#0f766e",
        link_text_color_dark="#2dd4bf",
    )
