/* Mounts, block devices and the volumes behind them. */
#include <math.h>
#include <stdlib.h>

#include "agent/sample/disk.h"
#include "agent/sample/diskio.h"
#include "agent/sample/volume.h"
#include "tests/unit/sample/capture.h"

#define assert_near(value, wanted) assert_true(fabs((double)(value) - (wanted)) < 0.001)

static const struct filter everything;

static size_t mounts_of(const char *path, struct disk_mount *mounts) {
    struct scan text = capture(path);
    return parse_mountinfo(text.at, scan_length(&text), &everything, mounts);
}

TEST(mounts_are_local_file_systems_each_once) {
    (void)state;
    struct disk_mount mounts[DISK_MOUNTS_MAX];
    size_t count = mounts_of("linux-6.1/proc/self/mountinfo", mounts);
    assert_int_equal(count, 3); /* nfs, tmpfs, bind mounts and the broken line are none */
    assert_string_equal(mounts[0].path, "/");
    assert_string_equal(mounts[0].type, "xfs");
    assert_string_equal(mounts[0].device, "nvme0n1p1");
    assert_int_equal(mounts[0].major, 259);
    assert_int_equal(mounts[0].minor, 1);
    assert_string_equal(mounts[1].path, "/var/lib/my data");
    assert_string_equal(mounts[2].path, "/mnt/archive");
}

TEST(a_container_has_its_overlay_root) {
    (void)state;
    struct disk_mount mounts[DISK_MOUNTS_MAX];
    assert_int_equal(mounts_of("container/proc/self/mountinfo", mounts), 2);
    assert_string_equal(mounts[0].type, "overlay");
}

TEST(mounts_can_be_excluded) {
    (void)state;
    struct disk_mount mounts[DISK_MOUNTS_MAX];
    struct filter filter = {.exclude_count = 1, .exclude = {"/mnt/*"}};
    struct scan text = capture("linux-6.1/proc/self/mountinfo");
    assert_int_equal(parse_mountinfo(text.at, scan_length(&text), &filter, mounts), 2);
}

TEST(more_mounts_than_places_are_left_out) {
    (void)state;
    static char text[8192];
    struct disk_mount mounts[DISK_MOUNTS_MAX];
    size_t length = 0;
    for (int i = 0; i < DISK_MOUNTS_MAX + 8; i++)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "%d 1 8:%d / /m%d rw - ext4 /dev/x rw\n", i, i, i);
    assert_int_equal(parse_mountinfo(text, length, &everything, mounts), DISK_MOUNTS_MAX);
}

TEST(a_mount_made_read_only_by_an_error_is_told_from_one_that_was_asked_for) {
    (void)state;
    struct disk_mount mounts[DISK_MOUNTS_MAX];
    struct disk_state disk = {0};
    bool is_news;
    (void)mounts_of("linux-6.1/proc/self/mountinfo", mounts);
    assert_false(disk_turned_read_only(&disk, &mounts[0], &is_news));
    assert_true(disk_turned_read_only(&disk, &mounts[1], &is_news)); /* file system ro, mount rw */
    assert_true(is_news);
    assert_true(disk_turned_read_only(&disk, &mounts[1], &is_news));
    assert_false(is_news);
    assert_false(disk_turned_read_only(&disk, &mounts[2], &is_news)); /* mounted ro */
}

TEST(a_mount_seen_writable_that_is_read_only_now_has_turned) {
    (void)state;
    struct disk_state disk = {0};
    struct disk_mount mount = {.major = 8, .minor = 1, .path = "/"};
    bool is_news;
    assert_false(disk_turned_read_only(&disk, &mount, &is_news));
    mount.mount_read_only = mount.super_read_only = true;
    assert_true(disk_turned_read_only(&disk, &mount, &is_news) && is_news);
    mount.mount_read_only = mount.super_read_only = false;
    assert_false(disk_turned_read_only(&disk, &mount, &is_news));
    mount.super_read_only = true;
    assert_true(disk_turned_read_only(&disk, &mount, &is_news) && is_news);
}

TEST(space_is_counted_as_df_counts_it) {
    (void)state;
    struct disk_space space = disk_space_of(1000, 300, 200, 100, 25);
    assert_near(space.used_percent, 100.0 * 700 / 900);
    assert_near(space.inodes_used_percent, 75.0);
    space = disk_space_of(1000, 1000, 1000, 0, 0); /* btrfs has no fixed inodes */
    assert_near(space.used_percent, 0.0);
    assert_true(isnan(space.inodes_used_percent));
    assert_true(isnan(disk_space_of(0, 0, 0, 0, 0).used_percent));
}

TEST(serial_numbers_of_ebs_become_volume_ids) {
    (void)state;
    char volume[SERIES_VOLUME_SIZE];
    assert_ok(parse_volume_serial("vol0123456789abcdef0\n", 21, volume));
    assert_string_equal(volume, "vol-0123456789abcdef0");
    assert_ok(parse_volume_serial("vol-0123abcd   ", 15, volume));
    assert_string_equal(volume, "vol-0123abcd");
    static const char *const others[] = {"",
                                         "AWS10123456789ABCDEF",
                                         "vol",
                                         "vol123",
                                         "vol0123456789ABCDEF0",
                                         "vol0123456789abcdef01",
                                         "vol0123456789abcdef/"};
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        assert_int_equal(parse_volume_serial(others[i], strlen(others[i]), volume),
                         STATUS_NOT_FOUND);
}

TEST(volumes_are_found_by_name_by_partition_and_below_a_mapped_device) {
    (void)state;
    struct source source = capture_source("linux-5.10");
    char volume[SERIES_VOLUME_SIZE];
    read_volume_by_name(&source, "nvme1n1", volume);
    assert_string_equal(volume, "vol-0fedcba9876543210");
    read_volume_by_number(&source, 259, 1, volume);
    assert_string_equal(volume, "vol-0123456789abcdef0");
    read_volume_by_name(&source, "dm-0", volume);
    assert_string_equal(volume, "vol-0fedcba9876543210");
    read_volume_by_name(&source, "nvme9n9", volume);
    assert_string_equal(volume, "");
}

TEST(diskstats_of_old_and_new_kernels_are_read) {
    (void)state;
    struct diskio_row row;
    struct scan text = capture("linux-4.14/proc/diskstats"), line;
    assert_true(scan_line(&text, &line));
    assert_true(parse_diskstats_line(line.at, scan_length(&line), &row));
    assert_string_equal(row.name, "xvda");
    assert_int_equal(row.reads, 12345);
    assert_int_equal(row.write_ms, 89012);
    assert_int_equal(row.busy_ms, 34567);
    assert_int_equal(row.weighted_ms, 134690);
    text = capture("linux-6.1/proc/diskstats");
    assert_true(scan_line(&text, &line));
    assert_true(parse_diskstats_line(line.at, scan_length(&line), &row));
    assert_int_equal(row.weighted_ms, 20);
}

TEST(loop_devices_and_short_lines_are_not_rows) {
    (void)state;
    struct diskio_row row;
    static const char *const lines[] = {"7 0 loop0 0 0 0 0 0 0 0 0 0 0 0", "259 0 nvme0n1 1 2 3",
                                        "", "259 0 sr0 0 0 0 0 0 0 0 0 0 0 0"};
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
        assert_false(parse_diskstats_line(lines[i], strlen(lines[i]), &row));
}

TEST(partitions_are_known_by_name_where_sysfs_is_missing) {
    (void)state;
    assert_true(diskio_is_partition("nvme0n1p1"));
    assert_true(diskio_is_partition("xvda1"));
    assert_true(diskio_is_partition("sdb12"));
    assert_false(diskio_is_partition("nvme0n1"));
    assert_false(diskio_is_partition("xvda"));
    assert_false(diskio_is_partition("dm-0"));
    assert_false(diskio_is_partition("md127"));
}

TEST(device_rates_follow_from_two_readings) {
    (void)state;
    struct diskio_device device = {.name = "nvme0n1"};
    struct diskio_row row = {.name = "nvme0n1"};
    assert_true(isnan(diskio_rates_of(&device, &row, 0).await_ms));
    row = (struct diskio_row){.reads = 100,
                              .read_sectors = 2000,
                              .read_ms = 500,
                              .writes = 100,
                              .write_sectors = 4000,
                              .write_ms = 1500,
                              .busy_ms = 5000,
                              .weighted_ms = 20000};
    struct diskio_rates rates = diskio_rates_of(&device, &row, 10);
    assert_near(rates.await_ms, 10.0);
    assert_near(rates.queue, 2.0);
    assert_near(rates.utilization_percent, 50.0);
    assert_near(rates.read_bytes_per_s, 102400.0);
    assert_near(rates.write_bytes_per_s, 204800.0);
    rates = diskio_rates_of(&device, &row, 10); /* idle */
    assert_near(rates.await_ms, 0.0);
    row.reads = 1; /* re-attached under the same name */
    assert_true(isnan(diskio_rates_of(&device, &row, 10).await_ms));
}

TEST(whole_devices_are_sampled_and_mapped_ones_not_summed_twice) {
    (void)state;
    struct source source = capture_source("linux-5.10");
    struct diskio_state devices = {0};
    struct members *members = calloc(1, sizeof *members);
    struct metric_vector core = {0};
    static struct series_value values[SERIES_MAX];
    uint16_t count;
    read_diskio(&source, &devices, &everything, 0, &core, members);
    assert_int_equal(core.present, 0);
    devices.devices[0].read_sectors.value -= 200; /* as if that much had been read since */
    devices.devices[2].read_sectors.value -= 4000;
    members_begin(members);
    read_diskio(&source, &devices, &everything, 1, &core, members);
    members_end(members, values, &count, NULL, NULL);
    assert_near(core.values[METRIC_DISKIO_READ_BYTES], 102400.0); /* dm-0's bytes are nvme1n1's */
    assert_int_equal(count, 9);
    assert_string_equal(members->dictionary.names[0].member, "nvme0n1");
    assert_string_equal(members->dictionary.names[0].volume, "vol-0123456789abcdef0");
    free(members);
}
