#include "addon.h"

#include "abort_wrap.h"
#include "model_wrap.h"
#include "past_wrap.h"
#include "rows.h"
#include "session_wrap.h"
#include "writer_wrap.h"

#include "clvp/limits.h"

namespace binding {

namespace {

/// devices(): {name, description, kind, memoryFree, memoryTotal}[]
Napi::Value devices(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    const auto list = clvp::devices();
    Napi::Array array = Napi::Array::New(env, list.size());
    for (uint32_t i = 0; i < list.size(); i++) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("name", list[i].name);
        object.Set("description", list[i].description);
        object.Set("kind", list[i].kind);
        object.Set("memoryFree", static_cast<double>(list[i].memory_free));
        object.Set("memoryTotal", static_cast<double>(list[i].memory_total));
        array.Set(i, object);
    }
    return array;
}

/// loadBackend(path): adds its devices
Napi::Value load_backend(const Napi::CallbackInfo & info) {
    const std::string path = to_string(info[0], "path");
    checked(info.Env(), [&] { clvp::load_backend(path); });
    return info.Env().Undefined();
}

/// loadKernels(folder, variant): loads the best CPU library, or the one named
Napi::Value load_kernels(const Napi::CallbackInfo & info) {
    const std::string folder = to_string(info[0], "folder"), variant = to_string(info[1], "variant");
    checked(info.Env(), [&] { clvp::load_kernels(folder, variant); });
    return info.Env().Undefined();
}

/// kernels(): {variant, library, features, ggml}
Napi::Value kernels(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    const clvp::Kernels loaded = clvp::kernels();
    Napi::Object object = Napi::Object::New(env);
    Napi::Array features = Napi::Array::New(env, loaded.features.size());
    for (uint32_t i = 0; i < loaded.features.size(); i++) {
        features.Set(i, loaded.features[i]);
    }
    object.Set("variant", loaded.variant);
    object.Set("library", loaded.library);
    object.Set("features", features);
    object.Set("ggml", loaded.ggml);
    return object;
}

/// inspect(path): Promise<FileInfo>
Napi::Value inspect(const Napi::CallbackInfo & info) {
    return addon(info.Env())
        .loader->run<clvp::FileInfo>(
            info.Env(), info.Env().Global(), [path = to_string(info[0], "path")] { return clvp::inspect(path); },
            [](Napi::Env env, clvp::FileInfo & result) { return to_js(env, result); });
}

/// loadModel(path, { device, parts, mmap, memoryAvailable, maxMemory }, abortFlag, onProgress?): Promise<Model>
Napi::Value load_model(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    const Napi::Object given = to_object(info[1], "options");
    clvp::ModelOptions options;
    options.device = to_string(given.Get("device"), "device");
    options.parts = to_parts(given.Get("parts"));
    options.map = to_bool(given.Get("mmap"), "mmap");
    options.memory_available = to_u53(given.Get("memoryAvailable"), "memoryAvailable");
    options.max_memory = to_u53(given.Get("maxMemory"), "maxMemory");
    options.abort = to_abort_flag(env, info[2]);
    options.progress = to_progress(*addon(env).loader, info[3]);
    return addon(env).loader->run<std::shared_ptr<const clvp::Model>>(
        env, info[2].As<Napi::Object>(), [path = to_string(info[0], "path"), options] { return clvp::Model::load(path, options); },
        [](Napi::Env e, std::shared_ptr<const clvp::Model> & model) { return ModelWrap::create(e, std::move(model)); });
}

/// verify(path, threads, abortFlag, onProgress?): Promise<Verification>
Napi::Value verify(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    const clvp::VerifyOptions options = { to_u32(info[1], "threads"), to_progress(*addon(env).loader, info[3]), to_abort_flag(env, info[2]) };
    return addon(env).loader->run<clvp::Verification>(
        env, info[2].As<Napi::Object>(), [path = to_string(info[0], "path"), options] { return clvp::verify(path, options); },
        [](Napi::Env e, clvp::Verification & result) { return to_js(e, result); });
}

/// compareTensors(pathA, pathB, abortFlag, onProgress?): Promise<TensorDifference[]>
Napi::Value compare_tensors(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    const clvp::CompareOptions options = { to_progress(*addon(env).loader, info[3]), to_abort_flag(env, info[2]) };
    return addon(env).loader->run<std::vector<clvp::TensorDifference>>(
        env, info[2].As<Napi::Object>(),
        [a = to_string(info[0], "pathA"), b = to_string(info[1], "pathB"), options] { return clvp::compare_tensors(a, b, options); },
        [](Napi::Env e, std::vector<clvp::TensorDifference> & found) { return to_js(e, found); });
}

/// decodeAudio(bytes, maxSeconds, sampleRate): Promise<Float32Array>, mono at sampleRate
Napi::Value decode_audio(const Napi::CallbackInfo & info) {
    return addon(info.Env())
        .loader->run<std::vector<float>>(
            info.Env(), info.Env().Global(),
            [bytes = to_bytes(info[0], "bytes"), seconds = to_number(info[1], "maxSeconds"), rate = to_u32(info[2], "sampleRate")] {
                return clvp::decode_audio(bytes.data(), bytes.size(), seconds).resampled(rate);
            },
            [](Napi::Env env, std::vector<float> & samples) { return to_js(env, samples); });
}

/// resample(samples, from, to): Promise<Float32Array>
Napi::Value resample(const Napi::CallbackInfo & info) {
    clvp::Audio audio;
    audio.samples = to_floats(info[0], "samples");
    audio.sample_rate = to_u32(info[1], "from");
    return addon(info.Env())
        .loader->run<std::vector<float>>(
            info.Env(), info.Env().Global(), [audio = std::move(audio), rate = to_u32(info[2], "to")] { return audio.resampled(rate); },
            [](Napi::Env env, std::vector<float> & samples) { return to_js(env, samples); });
}

/// melFeatures(samples, { sampleRate, fftLength, hopLength, channels, norms }, length): Promise<Mel>
Napi::Value mel_features(const Napi::CallbackInfo & info) {
    const Napi::Object from = to_object(info[1], "params");
    clvp::MelParams params;
    params.sample_rate = to_u32(from.Get("sampleRate"), "params.sampleRate");
    params.n_fft = to_u32(from.Get("fftLength"), "params.fftLength");
    params.hop = to_u32(from.Get("hopLength"), "params.hopLength");
    params.n_mels = to_u32(from.Get("channels"), "params.channels");
    params.norms = to_floats(from.Get("norms"), "params.norms");
    return addon(info.Env())
        .loader->run<clvp::Mel>(
            info.Env(), info.Env().Global(),
            [samples = to_floats(info[0], "samples"), params, length = to_u53(info[2], "length")] { return clvp::mel_features(samples, params, length); },
            [](Napi::Env env, clvp::Mel & mel) { return to_js(env, mel); });
}

/// warpLogits(logits, seen, sampling): Float32Array
Napi::Value warp_logits(const Napi::CallbackInfo & info) {
    auto logits = to_floats(info[0], "logits");
    const auto seen = to_ints(info[1], "seen");
    const auto sampling = to_sampling(info[2]);
    return to_js(info.Env(), checked(info.Env(), [&] { return clvp::warp_logits(std::move(logits), seen, sampling); }));
}

/// The parameters that ranking needs, from a model's info(): the model itself may be in another process.
clvp::Params ranking_params(const Napi::Value & value) {
    const Napi::Object from = to_object(value, "info");
    clvp::Params params;
    params.decoder.eos = static_cast<int32_t>(to_u32(from.Get("eos"), "info.eos"));
    params.decoder.fixing_codes = to_ints(from.Get("fixingCodes"), "info.fixingCodes");
    params.speech.n_proj = to_u32(from.Get("projection"), "info.projection");
    params.logit_scale = static_cast<float>(to_number(from.Get("logitScale"), "info.logitScale"));
    if (params.decoder.fixing_codes.empty() || params.speech.n_proj == 0) {
        wrong_type(value.Env(), "a model's info", "info");
    }
    return params;
}

/// fixCodes(info, rows: Int32Array[], stopped: boolean[], padTo): Int32Array[]
Napi::Value fix_codes(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    const clvp::Params params = ranking_params(info[0]);
    const auto rows = to_rows(info[1], "rows");
    const Napi::Object stopped = to_object(info[2], "stopped");
    std::vector<clvp::Candidate> candidates(rows.size());
    for (uint32_t i = 0; i < rows.size(); i++) {
        candidates[i].tokens = rows[i];
        candidates[i].finish = to_bool(stopped.Get(i), "stopped") ? clvp::Finish::stop : clvp::Finish::length;
    }
    const auto fixed = checked(env, [&] { return clvp::fix_codes(candidates, params, to_u32(info[3], "padTo")); });
    Napi::Array array = Napi::Array::New(env, fixed.size());
    for (uint32_t i = 0; i < fixed.size(); i++) {
        array.Set(i, to_js(env, fixed[i]));
    }
    return array;
}

/// similarity(info, text: Float32Array, speech: Float32Array): { text, speech, scores }
Napi::Value similarity(const Napi::CallbackInfo & info) {
    const clvp::Params params = ranking_params(info[0]);
    auto text = to_floats(info[1], "text"), speech = to_floats(info[2], "speech");
    return to_js(info.Env(), checked(info.Env(), [&] { return clvp::similarity(std::move(text), std::move(speech), params); }));
}

/// limits(): the values of clvp/limits.h under the names of lib/base/limits.ts
Napi::Value call_limits(const Napi::CallbackInfo & info) {
    using namespace clvp::limits;
    const std::pair<const char *, uint32_t> all[] = {
        { "candidates", candidates },
        { "batchSize", batch_size },
        { "beams", beams },
        { "stops", stops },
        { "badWords", bad_words },
        { "rowCodes", row_codes },
        { "towerRows", tower_rows },
        { "decoderKeys", decoder_keys },
        { "threads", threads },
        { "previewIterations", preview_iterations },
        { "speechFrames", speech_frames },
        { "voiceClips", voice_clips },
        { "pagePositions", page_positions },
        { "scoredTogether", scored_together },
    };
    Napi::Object object = Napi::Object::New(info.Env());
    for (const auto & [name, value] : all) {
        object.Set(name, value);
    }
    return object;
}

/// stopWorkers(): interrupts all jobs and waits for all threads. For the 'exit' event of the process; nothing can run afterwards.
Napi::Value stop_workers(const Napi::CallbackInfo & info) {
    Crew::stop_all();
    return info.Env().Undefined();
}

/// Concurrent jobs of the loader: a long load does not block headers and clips.
constexpr size_t n_loaders = 4;

Napi::Object init(Napi::Env env, Napi::Object exports) {
    auto * data = new AddonData;
    data->loader = Crew::create(env, n_loaders, [loads = data->loads] { loads->abort(); });
    data->model_class = Napi::Persistent(ModelWrap::define(env));
    data->session_class = Napi::Persistent(SessionWrap::define(env));
    data->writer_class = Napi::Persistent(WriterWrap::define(env));
    data->past_class = Napi::Persistent(PastWrap::define(env));
    data->abort_class = Napi::Persistent(AbortWrap::define(env));
    exports.Set("Session", data->session_class.Value());
    exports.Set("Writer", data->writer_class.Value());
    exports.Set("AbortFlag", data->abort_class.Value());
    env.SetInstanceData(data);

    const std::pair<const char *, Napi::Value (*)(const Napi::CallbackInfo &)> functions[] = {
        { "devices", devices },          { "inspect", inspect },          { "loadModel", load_model }, { "decodeAudio", decode_audio },
        { "resample", resample },        { "warpLogits", warp_logits },   { "fixCodes", fix_codes },   { "melFeatures", mel_features },
        { "stopWorkers", stop_workers }, { "similarity", similarity },    { "verify", verify },        { "compareTensors", compare_tensors },
        { "loadKernels", load_kernels }, { "loadBackend", load_backend }, { "kernels", kernels },      { "limits", call_limits },
    };
    for (const auto & [name, function] : functions) {
        exports.Set(name, Napi::Function::New(env, function, name));
    }
    return exports;
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) { return init(env, exports); }

} // namespace

clvp::AbortFlag to_abort_flag(Napi::Env env, const Napi::Value & value) {
    if (!value.IsObject() || !value.As<Napi::Object>().InstanceOf(addon(env).abort_class.Value())) {
        wrong_type(env, "an AbortFlag", "abortFlag");
    }
    const clvp::AbortFlag flag = AbortWrap::Unwrap(value.As<Napi::Object>())->flag();
    addon(env).loads->add(flag);
    return flag;
}

NODE_API_MODULE(clvp, initialise)

} // namespace binding
