// HiFi-GAN's sound of latents and a voice is what tortoise-tts' own class gave; for 147 codes too, which make 640 frames exactly.
import t from 'tap'
import { matchSpeech } from '../helpers/speech_models.js'

await matchSpeech(t, 'sounds')
