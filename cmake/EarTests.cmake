# Every test case is a ctest entry of its own, found in the source when CMake configures.
#
# unit_test(AREA file.c [LABEL unit] [DEPENDS folder...] [LIBRARIES lib...] [SOURCES extra.c...])
#   file.c holds cases written `TEST(name) { ... }` (tests/support/unit.h, cmocka). The entries are
#   LABEL.AREA.FILE.name, and run from an emptied environment with the source root as folder.
# python_test(LABEL AREA file.py [TIMEOUT seconds] [ENVIRONMENT K=V...] [RUN_SERIAL])
#   file.py holds unittest methods `def test_name(self)`; the entries are LABEL.AREA.FILE.name.
# fuzz_target(AREA fuzz_x.c [DEPENDS folder...] [LIBRARIES lib...] [SOURCES extra.c...] [CORPUS dir])
#   file.c defines LLVMFuzzerTestOneInput(data, size), which returns 0; CORPUS is a folder of seed
#   inputs, one or more (default: corpus/x beside the file). Label fuzz. Under every preset but
#   `fuzz` the entry fuzz.AREA.x.corpus replays the seeds, whole and cut short, under that preset's
#   sanitizers. Under the preset `fuzz` (clang) the program is a libFuzzer one: fuzz.AREA.x.corpus
#   replays, and fuzz.AREA.x.run looks for new faults for EAR_FUZZ_SECONDS. What it finds lies in
#   build/fuzz/tests/fuzz/found/; add it to the corpus with the fix. A longer look:
#     build/fuzz/tests/bin/fuzz_AREA_x -max_total_time=600 tests/fuzz/AREA/corpus/x
#   The target `fuzz_targets` builds all of them and nothing else.
# A case that skips itself shows as skipped in ctest's summary.
# Tests see EAR_BIN (folder of the programs), EAR_SOURCE (source root), EAR_BUILD, and little else.
set(EAR_TEST_ENVIRONMENT
  "EAR_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" "EAR_SOURCE=${PROJECT_SOURCE_DIR}"
  "EAR_BUILD=${PROJECT_BINARY_DIR}")
set(EAR_PYTHON /usr/bin/python3)
set(EAR_VENV_PYTHON "${PROJECT_SOURCE_DIR}/build/venv/bin/python")
# Programs under test get these words and nothing else.
set(EAR_EMPTY_ENVIRONMENT env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
  ${EAR_TEST_ENVIRONMENT}
  "ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1"
  "UBSAN_OPTIONS=print_stacktrace=1:suppressions=${PROJECT_SOURCE_DIR}/tests/support/ubsan.supp"
  "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/tsan.supp")

function(unit_test area source)
  if(NOT EXISTS "${source}" AND NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${source}")
    message(WARNING "no such test: ${source}")
    set_property(GLOBAL APPEND PROPERTY EAR_MISSING "${CMAKE_CURRENT_SOURCE_DIR}/${source}")
    return()
  endif()
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "DEPENDS;LIBRARIES;SOURCES" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  get_filename_component(stem "${source}" NAME_WE)
  string(REGEX REPLACE "^test_" "" stem "${stem}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
  file(STRINGS "${source}" lines REGEX "^TEST\\([a-z0-9_]+\\)")
  set(EAR_CASE_DECLARATIONS "")
  set(EAR_CASE_ROWS "")
  set(names "")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^TEST\\(([a-z0-9_]+)\\).*" "\\1" name "${line}")
    list(APPEND names ${name})
    string(APPEND EAR_CASE_DECLARATIONS "void test_${name}(void **state);\n")
    string(APPEND EAR_CASE_ROWS "    {\"${name}\", test_${name}},\n")
  endforeach()
  set(target test_${area}_${stem})
  configure_file("${PROJECT_SOURCE_DIR}/tests/support/unit_main.c.in"
    "${CMAKE_CURRENT_BINARY_DIR}/${target}_main.c" @ONLY)
  add_executable(${target} "${source}" ${arg_SOURCES} "${CMAKE_CURRENT_BINARY_DIR}/${target}_main.c")
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")
  # common/sys defines assert_failed(), which every pure archive calls.
  target_link_libraries(${target} PRIVATE ear_options ear_sys)
  foreach(folder IN LISTS arg_DEPENDS)
    target_link_libraries(${target} PRIVATE ear_${folder})
  endforeach()
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES} cmocka)
  foreach(name IN LISTS names)
    set(entry "${arg_LABEL}.${area}.${stem}.${name}")
    add_test(NAME ${entry} COMMAND ${EAR_EMPTY_ENVIRONMENT} $<TARGET_FILE:${target}> ${name}
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(${entry} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT}
      SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
  endforeach()
endfunction()

function(python_test label area source)
  if(NOT EXISTS "${source}" AND NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${source}")
    message(WARNING "no such test: ${source}")
    set_property(GLOBAL APPEND PROPERTY EAR_MISSING "${CMAKE_CURRENT_SOURCE_DIR}/${source}")
    return()
  endif()
  cmake_parse_arguments(arg "RUN_SERIAL" "TIMEOUT" "ENVIRONMENT" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  get_filename_component(source "${source}" ABSOLUTE)
  if(NOT EXISTS "${source}")
    message(WARNING "no such test: ${source}")
    set_property(GLOBAL APPEND PROPERTY EAR_MISSING "${source}")
    return()
  endif()
  get_filename_component(stem "${source}" NAME_WE)
  string(REGEX REPLACE "^test_" "" entry_stem "${stem}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
  file(STRINGS "${source}" lines REGEX "^    def test_[a-z0-9_]+\\(self\\)")
  set(python "${EAR_PYTHON}")
  if(label STREQUAL "referee")
    set(python "${EAR_VENV_PYTHON}")
  endif()
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^    def test_([a-z0-9_]+)\\(self\\).*" "\\1" name "${line}")
    set(entry "${label}.${area}.${entry_stem}.${name}")
    add_test(NAME ${entry}
      COMMAND ${EAR_EMPTY_ENVIRONMENT} PYTHONDONTWRITEBYTECODE=1
        "PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/support" ${arg_ENVIRONMENT}
        ${python} -m unittest -k "*.test_${name}" "${source}"
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(${entry} PROPERTIES LABELS ${label} TIMEOUT ${arg_TIMEOUT}
      FAIL_REGULAR_EXPRESSION "Ran 0 tests" SKIP_REGULAR_EXPRESSION "OK \\(skipped=")
    if(arg_RUN_SERIAL)
      set_tests_properties(${entry} PROPERTIES RUN_SERIAL TRUE)
    endif()
  endforeach()
endfunction()

function(fuzz_target area source)
  cmake_parse_arguments(arg "" "CORPUS" "DEPENDS;LIBRARIES;SOURCES" ${ARGN})
  get_filename_component(stem "${source}" NAME_WE)
  string(REGEX REPLACE "^fuzz_" "" stem "${stem}")
  if(NOT arg_CORPUS)
    set(arg_CORPUS "corpus/${stem}")
  endif()
  get_filename_component(corpus "${arg_CORPUS}" ABSOLUTE)
  file(GLOB seeds CONFIGURE_DEPENDS "${corpus}/*")
  if(NOT seeds)
    message(SEND_ERROR "${source}: the corpus ${corpus} holds no input")
  endif()
  set(target fuzz_${area}_${stem})
  set(main "${PROJECT_SOURCE_DIR}/tests/support/fuzz_replay.c")
  if(EAR_FUZZ)
    set(main "")
  endif()
  add_executable(${target} "${source}" ${arg_SOURCES} ${main})
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/bin")
  # common/sys defines assert_failed(), which every pure archive calls.
  target_link_libraries(${target} PRIVATE ear_options ear_sys)
  foreach(folder IN LISTS arg_DEPENDS)
    target_link_libraries(${target} PRIVATE ear_${folder})
  endforeach()
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES})
  if(NOT TARGET fuzz_targets)
    add_custom_target(fuzz_targets)
  endif()
  add_dependencies(fuzz_targets ${target})
  set(entry "fuzz.${area}.${stem}")
  set(run ${EAR_EMPTY_ENVIRONMENT} $<TARGET_FILE:${target}>)
  if(EAR_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set(found "${PROJECT_BINARY_DIR}/tests/fuzz/found/${target}")
    file(MAKE_DIRECTORY "${found}/new")
    set(limits -timeout=5 -rss_limit_mb=1024 "-artifact_prefix=${found}/")
    add_test(NAME ${entry}.corpus COMMAND ${run} -runs=0 ${limits} "${corpus}"
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    # libFuzzer writes new inputs into the first folder only: the seeds stay as committed.
    add_test(NAME ${entry}.run
      COMMAND ${run} -max_total_time=${EAR_FUZZ_SECONDS} ${limits} "${found}/new" "${corpus}"
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    math(EXPR patience "${EAR_FUZZ_SECONDS} + 60")
    set_tests_properties(${entry}.corpus ${entry}.run PROPERTIES LABELS fuzz TIMEOUT ${patience})
  else()
    add_test(NAME ${entry}.corpus COMMAND ${run} "${corpus}"
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(${entry}.corpus PROPERTIES LABELS fuzz TIMEOUT 60)
  endif()
endfunction()

# Writes down what the lint tests check: the pure archives, the star, the programs.
function(ear_finish_checks)
  get_property(pure GLOBAL PROPERTY EAR_PURE_TARGETS)
  get_property(star GLOBAL PROPERTY EAR_STAR)
  get_property(programs GLOBAL PROPERTY EAR_PROGRAMS)
  get_property(missing GLOBAL PROPERTY EAR_MISSING)
  string(REPLACE ";" "\n" missing "${missing}")
  file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/checks/missing.txt" CONTENT "${missing}\n")
  set(archives "")
  foreach(target IN LISTS pure)
    string(APPEND archives "$<TARGET_FILE:${target}>\n")
  endforeach()
  file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/checks/pure.txt" CONTENT "${archives}")
  string(REPLACE ";" "\n" star "${star}")
  file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/checks/star.txt" CONTENT "${star}\n")
  string(REPLACE ";" "\n" programs "${programs}")
  file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/checks/programs.txt" CONTENT "${programs}\n")
endfunction()
