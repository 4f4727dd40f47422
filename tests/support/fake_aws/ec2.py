"""The EC2 calls: DescribeInstances, DescribeInstanceStatus, Reboot, Stop and StartInstances."""

import re

from .clock import iso
from .errors import ApiError
from .instances import STATE_CODES, require_state
from .wire import Pager, boolean, filters, integer, known_only, matches, numbered

STATUS_IDS_MAX = 100
IDS_MAX = 1000
COMMON = [r"Action", r"Version", r"DryRun", r"InstanceId\.[1-9][0-9]*"]
READS = COMMON + [r"Filter\.[0-9]+\.Name", r"Filter\.[0-9]+\.Value\.[0-9]+", r"MaxResults",
                  r"NextToken"]
PARAMETERS = {
    "DescribeInstances": READS,
    "DescribeInstanceStatus": READS + [r"IncludeAllInstances"],
    "RebootInstances": COMMON,
    "StartInstances": COMMON,
    "StopInstances": COMMON + [r"Force", r"Hibernate", r"SkipOsShutdown"],
    "TerminateInstances": COMMON + [r"Force", r"SkipOsShutdown"],
}


def instance_ids(params):
    return numbered(params, "InstanceId")


class Ec2:
    def __init__(self, fleet, account, alarm):
        self.fleet = fleet
        self.account = account
        self.alarm = alarm  # called with a line of text for what must never happen

    def call(self, op, params, shape):
        """(result, executed); raises ApiError."""
        if op not in PARAMETERS:
            raise ApiError("InvalidAction", f"The action {op} is not valid for this web service.")
        if params.get("Version") != "2016-11-15":
            raise ApiError("InvalidParameterValue", "Version must be 2016-11-15")
        known_only(params, PARAMETERS[op])
        return getattr(self, "_" + re.sub(r"(?<!^)([A-Z])", r"_\1", op).lower())(params, shape)

    # -- reads ----------------------------------------------------------------------------------

    def _visible(self, wanted):
        """Snapshots for explicit ids (all, in id order, when there are none)."""
        for instance_id in wanted:
            if not re.fullmatch(r"i-([0-9a-f]{8}|[0-9a-f]{17})", instance_id):
                raise ApiError("InvalidInstanceID.Malformed",
                               f'Invalid id: "{instance_id}" (expecting "i-...")')
        fleet = self.fleet
        seen = {key: fleet.read(fleet.instances[key])
                for key in (wanted or sorted(fleet.instances)) if key in fleet.instances}
        missing = [key for key in wanted if seen.get(key) is None]
        if missing:
            many = len(missing) > 1
            raise ApiError("InvalidInstanceID.NotFound",
                           f"The instance ID{'s' if many else ''} '{', '.join(missing)}' "
                           f"do{'' if many else 'es'} not exist")
        return [snapshot for snapshot in seen.values() if snapshot]

    def _page(self, op, params, items, shape, ids):
        size = integer(params, "MaxResults", 5, 1000)
        if ids and (size is not None or "NextToken" in params):
            raise ApiError("InvalidParameterCombination", "The parameter instancesSet cannot be "
                           "used with the parameter maxResults")
        question = {key: value for key, value in params.items()
                    if key not in ("NextToken", "MaxResults")}
        pager = Pager(op, question, "InvalidParameterValue")
        default = None if op == "DescribeInstances" else 1000
        return pager.page(items, size or default, params.get("NextToken"), shape)

    def _describe_instances(self, params, shape):
        ids = instance_ids(params)
        found = [snapshot for snapshot in self._visible(ids)
                 if all(_instance_filter(snapshot, name, values)
                        for name, values in filters(params))]
        page, token = self._page("DescribeInstances", params, found, shape, ids)
        self._dry_run(params)
        reservations = [{
            "reservationId": "r-" + snapshot["id"][2:], "ownerId": self.account,
            "groupSet": [], "instancesSet": [_instance_item(snapshot)]} for snapshot in page]
        return {"reservationSet": reservations, "nextToken": token}, True

    def _describe_instance_status(self, params, shape):
        ids = instance_ids(params)
        if len(ids) > STATUS_IDS_MAX:
            raise ApiError("InvalidParameterValue", f"At most {STATUS_IDS_MAX} instance ids")
        everything = boolean(params, "IncludeAllInstances")
        found = [snapshot for snapshot in self._visible(ids)
                 if (everything or snapshot["state"] == "running")
                 and all(_status_filter(snapshot, name, values)
                         for name, values in filters(params))]
        page, token = self._page("DescribeInstanceStatus", params, found, shape, ids)
        self._dry_run(params)
        return {"instanceStatusSet": [_status_item(snapshot) for snapshot in page],
                "nextToken": token}, True

    # -- writes ---------------------------------------------------------------------------------

    @staticmethod
    def _dry_run(params):
        if boolean(params, "DryRun"):
            raise ApiError("DryRunOperation",
                           "Request would have succeeded, but DryRun flag is set.", 412)

    def _targets(self, params):
        ids = instance_ids(params)
        if not ids:
            raise ApiError("MissingParameter",
                           "The request must contain the parameter InstanceId")
        if len(ids) > IDS_MAX or len(set(ids)) != len(ids):
            raise ApiError("InvalidParameterValue", "too many or repeated instance ids")
        self._visible(ids)
        return [self.fleet.instances[key] for key in ids]

    @staticmethod
    def _changes(before, targets):
        return {"instancesSet": [{
            "instanceId": instance.id, "currentState": _state(instance.state),
            "previousState": _state(previous)} for instance, previous in zip(targets, before)]}

    def _reboot_instances(self, params, _shape):
        targets = self._targets(params)
        for instance in targets:
            require_state(instance, ("running", "pending"), "rebooted")
        self._dry_run(params)
        for instance in targets:
            self.fleet.reboot(instance)
        return {"return": True}, True

    def _stop_instances(self, params, _shape):
        targets = self._targets(params)
        force = boolean(params, "Force")
        skip = boolean(params, "SkipOsShutdown")
        boolean(params, "Hibernate")
        for instance in targets:
            require_state(instance, ("running", "stopping", "stopped"), "stopped")
            if instance.attributes["root_device_type"] != "ebs":
                raise ApiError("UnsupportedOperation", f"The instance '{instance.id}' does not "
                               "have an 'ebs' root device type and cannot be stopped.")
            if instance.settings["disable_api_stop"]:
                raise ApiError("OperationNotPermitted", f"The instance '{instance.id}' may not be "
                               "stopped. Modify its 'disableApiStop' instance attribute")
        self._dry_run(params)
        before = [instance.state for instance in targets]
        for instance in targets:
            self.fleet.stop(instance, force or skip)
        return self._changes(before, targets), True

    def _start_instances(self, params, _shape):
        targets = self._targets(params)
        for instance in targets:
            require_state(instance, ("stopped", "pending", "running"), "started")
        self._dry_run(params)
        for instance in targets:
            code = self.fleet.start_failure(instance) if instance.state == "stopped" else None
            if code:
                status = 500 if code == "InsufficientInstanceCapacity" else 400
                raise ApiError(code, "We currently do not have sufficient "
                               f"{instance.attributes['type']} capacity in the Availability Zone "
                               f"you requested ({instance.attributes['az']}).", status)
        before = [instance.state for instance in targets]
        for instance in targets:
            self.fleet.start(instance)
        return self._changes(before, targets), True

    def _terminate_instances(self, params, _shape):
        self.alarm(f"TerminateInstances was called for {', '.join(instance_ids(params))}: "
                   "refused; the product must never call it")
        raise ApiError("UnauthorizedOperation",
                       "You are not authorized to perform this operation.", 403)


def _state(name):
    return {"code": STATE_CODES[name], "name": name}


def _instance_filter(snapshot, name, values):
    facts = snapshot["attributes"]
    if name.startswith("tag:"):
        value = snapshot["tags"].get(name[4:])
        return value is not None and matches(value, values)
    if name == "tag-key":
        return any(matches(key, values) for key in snapshot["tags"])
    simple = {"instance-id": snapshot["id"], "instance-state-name": snapshot["state"],
              "instance-state-code": str(STATE_CODES[snapshot["state"]]),
              "availability-zone": facts["az"], "instance-type": facts["type"],
              "private-ip-address": facts["private_ip"], "subnet-id": facts["subnet_id"],
              "vpc-id": facts["vpc_id"], "image-id": facts["image_id"],
              "root-device-type": facts["root_device_type"],
              "instance-lifecycle": facts["lifecycle"] or ""}
    if name not in simple:
        raise ApiError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return matches(simple[name], values)


STATUS_FILTERS = {"system-status.status": "system", "instance-status.status": "instance",
                  "attached-ebs-status.status": "attached_ebs",
                  "application-status.status": "application"}


def _status_filter(snapshot, name, values):
    if name in STATUS_FILTERS:
        return matches(snapshot["checks"][STATUS_FILTERS[name]][0], values)
    if name in ("event.code", "event.instance-event-id"):
        key = "code" if name == "event.code" else "instanceEventId"
        return any(matches(event.get(key, ""), values) for event in snapshot["events"])
    if name in ("availability-zone", "instance-state-name", "instance-state-code"):
        return _instance_filter(snapshot, name, values)
    raise ApiError("InvalidParameterValue", f"The filter '{name}' is invalid")


def _volumes(snapshot):
    volumes = snapshot["attributes"]["volumes"]
    if volumes is None:
        volumes = [{"device": snapshot["attributes"]["root_device_name"],
                    "id": "vol-" + snapshot["id"][2:]}]
    return [{"deviceName": volume["device"],
             "ebs": {"volumeId": volume["id"], "status": volume.get("status", "attached"),
                     "attachTime": iso(snapshot["launch_time"]),
                     "deleteOnTermination": volume.get("delete_on_termination", True)}}
            for volume in volumes]


def _instance_item(snapshot):
    facts = snapshot["attributes"]
    reason = snapshot["state_reason"]
    groups = facts["security_groups"] or [{"groupId": "sg-0123456789abcdef0", "groupName": "default"}]
    running = snapshot["state"] in ("running", "pending")
    return {
        "instanceId": snapshot["id"], "imageId": facts["image_id"],
        "instanceState": _state(snapshot["state"]),
        "privateDnsName": f"ip-{facts['private_ip'].replace('.', '-')}.ec2.internal",
        "reason": "User initiated" if reason else "", "instanceType": facts["type"],
        "launchTime": iso(snapshot["launch_time"]),
        "placement": {"availabilityZone": facts["az"], "groupName": facts["group_name"],
                      "tenancy": facts["tenancy"]},
        "monitoring": {"state": "disabled"}, "subnetId": facts["subnet_id"],
        "vpcId": facts["vpc_id"], "privateIpAddress": facts["private_ip"],
        "ipAddress": facts["public_ip"] if running else None, "groupSet": groups,
        "stateReason": reason, "architecture": "x86_64",
        "rootDeviceType": facts["root_device_type"], "rootDeviceName": facts["root_device_name"],
        "blockDeviceMapping": _volumes(snapshot), "virtualizationType": "hvm",
        "instanceLifecycle": facts["lifecycle"],
        "tagSet": [{"key": key, "value": value} for key, value in snapshot["tags"].items()],
        "iamInstanceProfile": {"arn": facts["profile_arn"], "id": "AIPAEAR"}
        if facts["profile_arn"] else None,
        "networkInterfaceSet": [{
            "networkInterfaceId": "eni-" + snapshot["id"][2:], "status": "in-use",
            "privateIpAddress": facts["private_ip"], "groupSet": groups,
            "attachment": {"attachmentId": "eni-attach-" + snapshot["id"][2:], "deviceIndex": 0,
                           "status": "attached", "attachTime": iso(snapshot["launch_time"])}}],
        "hibernationOptions": {"configured": False},
        "metadataOptions": {"state": "applied", "httpTokens": "required",
                            "httpPutResponseHopLimit": 2, "httpEndpoint": "enabled",
                            "instanceMetadataTags": "enabled"},
        "maintenanceOptions": {"autoRecovery": facts["auto_recovery"]},
        "operator": {"managed": bool(facts["operator_managed"])},
    }


def _check_item(snapshot, name):
    status, since = snapshot["checks"][name]
    detail = {"ok": "passed", "impaired": "failed"}.get(status, status)
    details = [] if status == "not-applicable" else [
        {"name": "reachability", "status": detail,
         "impairedSince": iso(since) if since else None}]
    return {"status": status, "details": details}


def _status_item(snapshot):
    checks = {name: _check_item(snapshot, name) for name in ("system", "instance", "attached_ebs")}
    application, since = snapshot["checks"]["application"]
    return {
        "instanceId": snapshot["id"], "availabilityZone": snapshot["attributes"]["az"],
        "instanceState": _state(snapshot["state"]), "systemStatus": checks["system"],
        "instanceStatus": checks["instance"], "attachedEbsStatus": checks["attached_ebs"],
        # Unlike its siblings without details (botocore 1.44.8).
        "applicationStatus": {"status": application,
                              "impairedSince": iso(since) if since else None},
        "eventsSet": [{key: event.get(key) for key in
                       ("instanceEventId", "code", "description", "notBefore", "notAfter",
                        "notBeforeDeadline")} for event in snapshot["events"]],
        "operator": {"managed": bool(snapshot["attributes"]["operator_managed"])},
    }
