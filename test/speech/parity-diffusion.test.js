// A pass of the diffusion model is what tortoise-tts' own class gave: conditioned by latents, by codes, and not at all.
import t from 'tap'
import { matchSpeech } from '../helpers/speech_models.js'

await matchSpeech(t, 'forwards')
