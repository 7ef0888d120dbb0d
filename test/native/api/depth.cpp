// A model of many blocks on a thread with a small stack: building a graph visits its tensors recursively.
#ifndef _WIN32
#include "test.h"
#include "tiny_model.h"

#include <functional>

#include <pthread.h>

using namespace clvp;

namespace {

constexpr uint32_t n_blocks = 200;            // in each tower: close to the limit on a file's tensors
constexpr size_t n_stack = size_t(128) << 10; // musl's default for a thread; macOS has four times as much

void * call(void * work) {
    (*static_cast<const std::function<void()> *>(work))();
    return nullptr;
}

void run_on_little_stack(const std::function<void()> & work) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, n_stack);
    pthread_t thread;
    const bool started = pthread_create(&thread, &attributes, call, const_cast<std::function<void()> *>(&work)) == 0;
    CHECK(started);
    if (started) {
        pthread_join(thread, nullptr);
    }
    pthread_attr_destroy(&attributes);
}

} // namespace

TEST(a_deep_model_needs_no_deep_stack) {
    const std::string path = tiny::write("f32", {}, n_blocks);
    size_t n_candidates = 0, n_scores = 0, n_voice = 0, n_logits = 0;
    run_on_little_stack([&] {
        Session session(Model::load(path), { 1 });
        n_voice = session.condition(session.mel(std::vector<float>(22050, 0.1f))).size();
        GenerateOptions options;
        options.n_candidates = 2;
        options.max_tokens = 3;
        n_candidates = session.generate(tiny::prompt(), options).candidates.size();
        n_logits = session.step_logits(tiny::prompt(), { 1, 2 }).size(); // on this thread: a batch has its own
        n_scores = session.score(tiny::text_ids(), { { 1, 2, 3 } }).scores.size();
    });
    CHECK(n_voice == tiny::n_embd);
    CHECK(n_candidates == 2);
    CHECK(n_logits > 0 && n_logits % 3 == 0);
    CHECK(n_scores == 1);
}
#endif
