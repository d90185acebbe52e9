#include "cli/front_door.hpp"

int main(int argc, char** argv) {
    return stack::cli::run_program(argc, argv);
}
