// How names select devices, and that a device without enough memory is rejected, except with "auto".
#include "test.h"
#include "tiny_model.h"

#include "ggml-backend-impl.h"
#include "runtime/backend.h"

using namespace clvp;

namespace {

/// Two fake devices that only report their memory. Only these tests see them: outside the tests the devices have a type that nothing
/// requests.
enum ggml_backend_dev_type fake_type = GGML_BACKEND_DEVICE_TYPE_META;
constexpr size_t fake_free = 100u << 20;

ggml_backend_reg_t fake_reg();

ggml_backend_device make_fake(const char * name) {
    ggml_backend_device device = {};
    device.iface.get_name = [](ggml_backend_dev_t dev) { return static_cast<const char *>(dev->context); };
    device.iface.get_description = device.iface.get_name;
    device.iface.get_memory = [](ggml_backend_dev_t, size_t * free, size_t * total) {
        *free = fake_free;
        *total = 2 * fake_free;
    };
    device.iface.get_type = [](ggml_backend_dev_t) { return fake_type; };
    device.reg = fake_reg();
    device.context = const_cast<char *>(name);
    return device;
}

ggml_backend_reg_t fake_reg() {
    static ggml_backend_reg reg = {};
    reg.api_version = GGML_BACKEND_API_VERSION;
    reg.iface.get_name = [](ggml_backend_reg_t) { return "MTL"; };
    reg.iface.get_device_count = [](ggml_backend_reg_t) { return size_t{ 2 }; };
    reg.iface.get_device = [](ggml_backend_reg_t, size_t i) {
        static ggml_backend_device devices[] = { make_fake("MTL0"), make_fake("MTL1") };
        return &devices[i];
    };
    return &reg;
}

/// Presents the fakes as GPUs during its lifetime.
struct Fakes {
    Fakes() {
        static const bool added = (ggml_backend_register(fake_reg()), true);
        (void)added;
        fake_type = GGML_BACKEND_DEVICE_TYPE_GPU;
    }
    ~Fakes() { fake_type = GGML_BACKEND_DEVICE_TYPE_META; }
};

std::string name_of(const std::string & wanted, uint64_t n_bytes = 0) { return ggml_backend_dev_name(find_device(wanted, n_bytes)); }

} // namespace

TEST(devices_are_found_by_kind_number_and_name) {
    const Fakes fakes;
    CHECK(name_of("auto") == "MTL0");
    CHECK(name_of("metal") == "MTL0");
    CHECK(name_of("Metal:1") == "MTL1");
    CHECK(name_of("gpu:1") == "MTL1");
    CHECK(name_of("mtl1") == "MTL1");
    CHECK(name_of("cpu") == "CPU");
    for (const char * absent : { "metal:2", "cuda", "cpu:1", "metal:", "metal:x", "metal:99999999999999999999", ":0", "" }) {
        CHECK_THROWS(Code::device, find_device(absent));
    }
}

TEST(a_device_without_room_is_refused_and_auto_takes_the_next) {
    const Fakes fakes;
    CHECK(name_of("metal", 10u << 20) == "MTL0");
    CHECK_THROWS(Code::device, find_device("metal:1", fake_free)); // the weights alone would fill its memory
    CHECK(name_of("auto", 10u << 20) == "MTL0");
    CHECK(name_of("auto", fake_free) == "CPU");
    CHECK(name_of("cpu", fake_free) == "CPU");
}

TEST(weights_beyond_the_memory_that_is_free_are_refused) {
    ModelOptions options;
    options.device = "cpu";
    options.memory_available = 1000;
    CHECK_THROWS(Code::out_of_memory, Model::load(tiny::write(), options));
    options.map = true; // the weights stay in the file's pages
    CHECK(Model::load(tiny::write(), options)->n_bytes() > 1000);
}

TEST(parts_are_loaded_alone) {
    const auto bytes = [](bool decoder, bool ranker) {
        ModelOptions options;
        options.device = "cpu";
        options.parts = { decoder, ranker };
        return Model::load(tiny::write(), options)->n_bytes();
    };
    const uint64_t both = bytes(true, true), decoder = bytes(true, false), ranker = bytes(false, true);
    CHECK(decoder < both && ranker < both && decoder + ranker < both + 4096);
    CHECK_THROWS(Code::invalid_argument, bytes(false, false));
}
