"""Readers that ask a multimodal model to describe pictures and sound, as in the papers."""

from contextlib import closing
from dataclasses import replace

from emer_space.analysis import Reading
from emer_space.media.clip import Clip, frames
from emer_space.models.roles import AUDIO, VISION
from emer_space.readers import Context, Reader
from emer_space.text import written


def _pictures(clip: Clip, context: Context) -> Reading:
    model = context.model(VISION)
    if model is None:
        return Reading(())
    before, language, token = context.before("visual"), context.language, context.token
    few = replace(context.settings, max_frames=written.FRAMES)
    with closing(frames(clip, few, token)) as seen:
        context.asked(written.prompt("clue-visual", language).id)
        whole = written.with_visual_clue(before, model, seen, clip.facts.duration_s, language, token.check)
    return Reading(whole.clues[len(before.clues) :])


def _sound(clip: Clip, context: Context) -> Reading:
    model = context.model(AUDIO)
    if model is None:
        return Reading(())
    before, language, rate = context.before("acoustic"), context.language, context.settings.sample_rate
    context.asked(written.prompt("clue-acoustic", language).id)
    whole = written.with_acoustic_clue(before, model, context.sound(), rate, language, context.token.check)
    return Reading(whole.clues[len(before.clues) :])


PICTURES_DESCRIBED = Reader("video", "watching", _pictures, failed="vision-unused", needs=("picture",), role=VISION)
SOUND_DESCRIBED = Reader("audio", "listening", _sound, failed="audio-unused", needs=("sound",), role=AUDIO)
