// UnivNet's sound of a spectrogram and noise is what tortoise-tts' own class gave, and from latents on; transformers' UnivNetModel
// sounds as it does there.
import t from 'tap'
import { matchSpeech } from '../helpers/speech_models.js'

await matchSpeech(t, 'vocodes', 'univnets', 'chains')
