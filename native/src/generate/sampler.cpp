#include "generate/sampler.h"

#include "generate/logits_limits.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

namespace clvp {

namespace {

constexpr float minus_infinity = -std::numeric_limits<float>::infinity();

/// softmax over the given ids, in their order. All other ids have a probability of 0.
std::vector<float> softmax(const std::vector<float> & logits, const std::vector<int32_t> & ids) {
    float highest = minus_infinity;
    for (int32_t id : ids) {
        highest = std::max(highest, logits[static_cast<size_t>(id)]);
    }
    std::vector<float> p(ids.size());
    double sum = 0;
    for (size_t i = 0; i < ids.size(); i++) {
        p[i] = std::exp(logits[static_cast<size_t>(ids[i])] - highest);
        sum += static_cast<double>(p[i]);
    }
    for (float & x : p) {
        x = static_cast<float>(static_cast<double>(x) / sum);
    }
    return p;
}

/// A value and what it belongs to as one integer, in the order of the values, then of `index`. Integers sort several times as fast as
/// indices by their values.
uint64_t sort_key(float value, size_t index, bool descending) {
    const float x = value + 0.0f; // + 0 makes a negative zero positive: the two are equal
    uint32_t bits = 0;
    std::memcpy(&bits, &x, sizeof(bits));
    bits = bits >> 31 ? ~bits : bits | 0x80000000u; // in the order of the floats
    return static_cast<uint64_t>(descending ? ~bits : bits) << 32 | index;
}

size_t index_of(uint64_t key) { return static_cast<size_t>(key & 0xffffffffu); }

/// The survivors, sorted by a value, ties by id.
template <typename Value> std::vector<int32_t> sorted_ids(const std::vector<float> & logits, bool descending, Value value) {
    std::vector<int32_t> ids = survivors(logits);
    std::vector<uint64_t> keys;
    keys.reserve(ids.size());
    for (int32_t id : ids) {
        keys.push_back(sort_key(value(id), static_cast<size_t>(id), descending));
    }
    std::sort(keys.begin(), keys.end());
    for (size_t i = 0; i < ids.size(); i++) {
        ids[i] = static_cast<int32_t>(index_of(keys[i]));
    }
    return ids;
}

std::vector<int32_t> sorted_ids(const std::vector<float> & logits, bool descending) {
    return sorted_ids(logits, descending, [&](int32_t id) { return logits[static_cast<size_t>(id)]; });
}

void keep_top_k(std::vector<float> & logits, size_t k, size_t min_keep) {
    if (k == 0) {
        return;
    }
    k = std::max(k, min_keep);
    if (k >= logits.size()) {
        return;
    }
    std::vector<float> highest(k);
    std::partial_sort_copy(logits.begin(), logits.end(), highest.begin(), highest.end(), std::greater<float>());
    const float lowest = highest.back();
    for (float & x : logits) {
        if (x < lowest) {
            x = minus_infinity;
        }
    }
}

/// Drops the least likely ids whose probabilities sum to at most 1 - p. Only ids near that limit need to be sorted, so this looks for the
/// limit from the most likely ids down, in growing groups.
void keep_top_p(std::vector<float> & logits, float p, size_t min_keep) {
    if (p >= 1.0f) {
        return;
    }
    const std::vector<int32_t> ids = survivors(logits);
    const std::vector<float> share = softmax(logits, ids);
    std::vector<uint64_t> keys; // of indices into `ids`
    keys.reserve(ids.size());
    for (size_t i = 0; i < ids.size(); i++) {
        keys.push_back(sort_key(logits[static_cast<size_t>(ids[i])], i, false));
    }
    const auto at = [&](size_t i) { return keys.begin() + static_cast<ptrdiff_t>(i); };
    const auto sum_below = [&](size_t end) {
        return std::accumulate(at(0), at(end), 0.0, [&](double sum, uint64_t key) { return sum + static_cast<double>(share[index_of(key)]); });
    };
    const float limit = static_cast<float>(1.0 - static_cast<double>(p));
    size_t begin = keys.size(), end = keys.size(); // the group; what is above it stays
    double below = 0;
    for (size_t n_group = std::max<size_t>(64, min_keep); end > 0; n_group *= 4) {
        begin = end - std::min(end, n_group);
        std::nth_element(at(0), at(begin), at(end));
        below = sum_below(begin);
        if (static_cast<float>(below) <= limit) {
            break;
        }
        end = begin;
    }
    const auto drop = [&](size_t i) { logits[static_cast<size_t>(ids[index_of(keys[i])])] = minus_infinity; };
    for (size_t i = 0; i < begin; i++) {
        drop(i);
    }
    std::sort(at(begin), at(end));
    for (size_t i = begin; i < end && i + min_keep < keys.size(); i++) { // always keeps the most likely ids
        below += static_cast<double>(share[index_of(keys[i])]);
        if (static_cast<float>(below) > limit) {
            break;
        }
        drop(i);
    }
}

/// Drops ids less likely than p times the most likely id.
void keep_min_p(std::vector<float> & logits, float p, size_t min_keep) {
    if (p <= 0.0f) {
        return;
    }
    const std::vector<int32_t> ids = sorted_ids(logits, true);
    const std::vector<float> share = softmax(logits, ids);
    const float limit = p * share.front();
    for (size_t i = min_keep; i < ids.size(); i++) { // always keeps the most likely ids
        if (share[i] < limit) {
            logits[static_cast<size_t>(ids[i])] = minus_infinity;
        }
    }
}

/// Keeps the ids whose surprise is nearest the distribution's entropy, until their probabilities sum to `mass`.
void keep_typical(std::vector<float> & logits, float mass, size_t min_keep) {
    if (mass >= 1.0f) {
        return;
    }
    std::vector<int32_t> ids = survivors(logits);
    const std::vector<float> share = softmax(logits, ids);
    double entropy = 0;
    std::vector<float> surprise(logits.size(), 0.0f); // by id
    const float highest = logits[static_cast<size_t>(most_likely(logits))];
    double sum = 0;
    for (int32_t id : ids) {
        sum += std::exp(static_cast<double>(logits[static_cast<size_t>(id)]) - static_cast<double>(highest));
    }
    for (size_t i = 0; i < ids.size(); i++) {
        const double log_p = static_cast<double>(logits[static_cast<size_t>(ids[i])]) - static_cast<double>(highest) - std::log(sum);
        surprise[static_cast<size_t>(ids[i])] = static_cast<float>(-log_p);
        entropy -= share[i] > 0 ? static_cast<double>(share[i]) * log_p : 0;
    }
    auto distance = [&](int32_t id) { return std::fabs(surprise[static_cast<size_t>(id)] - static_cast<float>(entropy)); };
    ids = sorted_ids(logits, false, distance);

    const std::vector<float> sorted = softmax(logits, ids);
    size_t last = 0;
    double total = 0;
    for (float x : sorted) {
        total += static_cast<double>(x);
        if (!(static_cast<float>(total) < mass)) {
            break;
        }
        last++;
    }
    last = std::min(last, ids.size() - 1);
    for (size_t i = min_keep; i < ids.size(); i++) { // always keeps the first ids
        if (distance(ids[i]) > distance(ids[last])) {
            logits[static_cast<size_t>(ids[i])] = minus_infinity;
        }
    }
}

} // namespace

void check_sampling(const Sampling & s) {
    auto check = [](const char * name, float value, float min, float max, bool min_allowed) {
        if (!(value <= max && (min_allowed ? value >= min : value > min))) {
            fail(Code::invalid_argument, "Expected a number %s %g and at most %g for %s but received %g", min_allowed ? "from" : "above",
                 static_cast<double>(min), static_cast<double>(max), name, static_cast<double>(value));
        }
    };
    // Outside these bounds a logit could overflow and make the distribution NaN.
    check("repetition_penalty", s.repetition_penalty, 1e-3f, 1e3f, true);
    if (s.temperature != 0.0f) {
        check("temperature", s.temperature, 1e-3f, 1e3f, true);
    }
    check("top_p", s.top_p, 0.0f, 1.0f, true);
    check("min_p", s.min_p, 0.0f, 1.0f, true);
    check("typical_p", s.typical_p, 0.0f, 1.0f, false);
}

void warp(std::vector<float> & logits, const Sampling & s, size_t min_keep) {
    if (s.temperature == 0.0f) {
        return;
    }
    if (s.temperature != 1.0f) {
        for (float & x : logits) {
            x /= s.temperature;
        }
    }
    keep_top_k(logits, s.top_k, min_keep);
    keep_top_p(logits, s.top_p, min_keep);
    keep_min_p(logits, s.min_p, min_keep);
    keep_typical(logits, s.typical_p, min_keep);
}

int32_t most_likely(const std::vector<float> & logits) { return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin()); }

int32_t draw(const std::vector<float> & logits, double u) {
    const std::vector<int32_t> ids = survivors(logits);
    const std::vector<float> share = softmax(logits, ids);
    double total = 0;
    for (float x : share) {
        total += static_cast<double>(x);
    }
    double sum = 0;
    for (size_t i = 0; i < ids.size(); i++) {
        sum += static_cast<double>(share[i]);
        if (u * total < sum) {
            return ids[i];
        }
    }
    return ids.empty() ? most_likely(logits) : ids.back();
}

double log_sum(const float * logits, size_t n) {
    const float highest = *std::max_element(logits, logits + n);
    double sum = 0;
    for (size_t i = 0; i < n; i++) { // exp in float, to seven digits: in double it would take a twentieth of a step of 16 rows
        sum += static_cast<double>(std::exp(logits[i] - highest));
    }
    return static_cast<double>(highest) + std::log(sum);
}

std::vector<int32_t> survivors(const std::vector<float> & logits) {
    std::vector<int32_t> ids;
    for (size_t i = 0; i < logits.size(); i++) {
        if (logits[i] != minus_infinity) {
            ids.push_back(static_cast<int32_t>(i));
        }
    }
    return ids;
}

} // namespace clvp
