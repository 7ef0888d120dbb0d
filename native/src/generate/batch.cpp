#include "generate/batch.h"

#include "base/clock.h"
#include "model/prompt.h"

#include <algorithm>

namespace clvp {

Batch::Batch(const Decoder & decoder) : decoder_(decoder), stepper_(decoder, false, 0, decoder.params.decoder.n_positions) {}

size_t Batch::n_live() const {
    size_t n = 0;
    for (const auto & member : members_) {
        n += member->live.size();
    }
    return n;
}

void Batch::advance() {
    admit();
    step();
    members_.remove_if([](const auto & member) { return member->is_settled(); });
}

void Batch::drop_cancelled() {
    for (auto & member : members_) {
        if (member->is_cancelled()) {
            give_up(*member, Error(Code::aborted, "the request was cancelled"));
        }
    }
}

void Batch::fail_all(const Error & error) {
    for (auto & member : members_) {
        give_up(*member, error);
    }
    members_.clear();
}

/// Runs work that belongs to one request. An error ends only that request; if the session is closed, rethrows.
template <typename Work> void Batch::attempt(Member & member, Work work) {
    if (const auto error = error_of(work)) {
        decoder_.call.check();
        give_up(member, *error);
    }
}

/// Ends a request with an error, unless it is settled: a request whose prompt is being read may be cancelled by a step in between.
void Batch::give_up(Member & member, const Error & error) {
    if (!member.is_settled()) {
        leave(member);
        member.fail(error);
    }
}

/// Removes the rows of a request from the batch.
void Batch::leave(Member & member) {
    for (const Row * row : member.live) {
        stepper_.cache.close(row->slot);
    }
    member.live.clear();
}

// --- admission ------------------------------------------------------------------------------------------------------------

void Batch::admit() {
    while (Member * member = next_to_begin()) {
        begin(*member);
    }
}

Member * Batch::next_to_begin() {
    size_t room = 0;
    for (const auto & member : members_) {
        room = std::max<size_t>(room, member->options().batch_size);
    }
    const size_t n = n_live();
    Member * best = nullptr;
    for (const auto & member : members_) {
        const bool waits = !member->is_settled() && !member->is_cancelled() && (!member->drawing || member->drawing->waits()) &&
                           member->live.size() < member->options().batch_size;
        const bool fits = n < (member->live.empty() ? 2 * room : room);
        if (waits && fits && (!best || member->live.size() < best->live.size())) {
            best = member.get();
        }
    }
    return best;
}

void Batch::begin(Member & member) {
    attempt(member, [&] {
        if (!member.drawing) {
            read_prompt(member);
        }
        member.live.reserve(member.live.size() + 1);
        Row & row = member.drawing->begin(free_slot());
        member.live.push_back(&row);
        member.drawing->draw({ &row }, member.drawing->first_logits());
    });
}

/// Reads a prompt. After each piece the live rows take a step; several short prompts are one piece.
void Batch::read_prompt(Member & member) {
    struct AtPause {
        Call & call;
        ~AtPause() { call.at_pause(nullptr); }
    } const at_pause = { decoder_.call };
    at_pause.call.at_pause([&] {
        step();
        if (member.is_cancelled()) {
            fail(Code::aborted, "the request was cancelled");
        }
    });
    Request & request = member.request();
    request.prompt = ready_prompt(decoder_.call, decoder_.weights, decoder_.params, request.prompt);
    check_draw(request.prompt, request.options, decoder_.params);
    auto drawing = std::make_unique<Drawing>(stepper_, decoder_.params, request);
    drawing->read_prompt();
    member.drawing = std::move(drawing);
}

uint32_t Batch::free_slot() {
    KvCache & cache = stepper_.cache;
    uint32_t slot = 0;
    while (slot < cache.n_slots() && !cache.is_free(slot)) {
        slot++;
    }
    cache.grow(slot + 1 + deterministic_rows); // includes slots for the padding rows of deterministic steps
    return slot;
}

// --- steps ----------------------------------------------------------------------------------------------------------------

/// The requests with the fewest rows that together have at most a quarter of all rows. Requests of equal size are all in or all out.
std::vector<Member *> Batch::small_members() const {
    std::vector<Member *> small = live_members();
    std::stable_sort(small.begin(), small.end(), [](const Member * a, const Member * b) { return a->live.size() < b->live.size(); });
    size_t n_small = 0, n_rows = 0;
    for (size_t i = 0; i < small.size(); i++) {
        n_rows += small[i]->live.size();
        const bool is_last_of_size = i + 1 == small.size() || small[i + 1]->live.size() > small[i]->live.size();
        if (is_last_of_size && 4 * n_rows <= n_live()) {
            n_small = i + 1;
        }
    }
    small.resize(n_small);
    return small;
}

std::vector<Member *> Batch::live_members() const {
    std::vector<Member *> live;
    for (const auto & member : members_) {
        if (!member->live.empty()) {
            live.push_back(member.get());
        }
    }
    return live;
}

void Batch::step() {
    for (auto & member : members_) {
        finish_rows(*member); // rows that began since the last step may have ended with their first token
    }
    drop_cancelled();
    const std::vector<Member *> small = credit_ms_ > 0 ? small_members() : std::vector<Member *>();
    const Clock clock;
    if (small.empty()) {
        step_of(live_members());
        credit_ms_ = clock.ms() / 2;
    } else {
        step_of(small);
        credit_ms_ -= clock.ms();
    }
}

/// One step of all rows of the given requests.
void Batch::step_of(const std::vector<Member *> & members) {
    std::vector<StepRow> rows;
    std::vector<Member *> owners; // one for each row
    bool deterministic = false;
    for (Member * member : members) {
        attempt(*member, [&] { reserve(*member); });
        for (const Row * row : member->live) {
            rows.push_back(member->drawing->next(*row));
            owners.push_back(member);
        }
        deterministic = deterministic || (member->options().deterministic && !member->live.empty());
    }
    if (rows.empty()) {
        return;
    }
    const Clock clock;
    const std::vector<float> logits = compute(members, rows, deterministic);
    const double ms = clock.ms();
    const size_t n_vocab = decoder_.params.decoder.n_vocab;
    for (size_t i = 0; i < owners.size() && !logits.empty();) {
        Member & member = *owners[i];
        const float * row_logits = logits.data() + i * n_vocab;
        i += member.live.size();
        member.drawing->timings().decode_ms += ms;
        member.drawing->timings().n_steps++;
        attempt(member, [&] { draw(member, row_logits); });
        finish_rows(member);
    }
}

/// Reserves cache space for the next positions of a request.
void Batch::reserve(Member & member) {
    Timings & timings = member.drawing->timings();
    uint64_t n_bytes = member.drawing->prefix_bytes();
    for (const Row * row : member.live) {
        stepper_.cache.reserve(row->slot);
        n_bytes += stepper_.cache.n_bytes(row->slot);
    }
    timings.kv_bytes = std::max(timings.kv_bytes, n_bytes);
}

/// Logits [n_rows, n_vocab] of a step; empty if it failed. If memory is short, the last of the requests fails and the others
/// try again in the next step. Any other error is a device error and ends all of them.
std::vector<float> Batch::compute(const std::vector<Member *> & members, const std::vector<StepRow> & rows, bool deterministic) {
    std::vector<float> logits;
    const auto error = error_of([&] { logits = stepper_.step(rows, deterministic, {}).logits; });
    if (!error) {
        return logits;
    }
    decoder_.call.check();
    for (auto member = members.rbegin(); member != members.rend(); ++member) {
        if (!(*member)->live.empty()) {
            give_up(**member, *error);
            if (error->code == Code::out_of_memory) {
                break;
            }
        }
    }
    return {};
}

/// Draws the next token of each row of a request.
void Batch::draw(Member & member, const float * logits) {
    const size_t n_vocab = decoder_.params.decoder.n_vocab;
    for (Row * row : member.live) {
        check_logits(logits, n_vocab);
        member.drawing->draw({ row }, std::vector<float>(logits, logits + n_vocab));
        logits += n_vocab;
    }
}

/// Reports the drawn tokens of a request, gives up candidates, removes the rows that are done, and settles the request after its last row.
void Batch::finish_rows(Member & member) {
    if (member.is_settled() || !member.drawing) {
        return;
    }
    attempt(member, [&] {
        member.drawing->report();
        member.drawing->prune();
    });
    if (member.is_settled()) {
        return;
    }
    std::vector<Row *> & live = member.live;
    for (const Row * row : live) {
        if (row->done) {
            stepper_.cache.close(row->slot);
        }
    }
    live.erase(std::remove_if(live.begin(), live.end(), [](const Row * row) { return row->done; }), live.end());
    if (live.empty() && !member.drawing->waits()) {
        attempt(member, [&] { member.give(member.drawing->result()); });
    }
}

} // namespace clvp
