// A voice for the diffusion model is what tortoise-tts makes of clips at 24 kHz: their spectrograms, the vector of one and of several,
// and the whole way.
import t from 'tap'
import { matchSpeech } from '../helpers/speech_models.js'

await matchSpeech(t, 'mels', 'conditions', 'voices')
