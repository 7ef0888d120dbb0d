// What tortoise-tts makes of clips at 24 kHz: their spectrograms, and the diffusion model's vector of one and of several.
import t from 'tap'
import { matchSpeech } from '../helpers/speech_models.js'

await matchSpeech(t, 'mels', 'conditions')
