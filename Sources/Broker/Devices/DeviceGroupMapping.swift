import ContextModel
import Governance
import Synchronization

/// The devices of one group that are provisioned.
final class KnownDevices: Sendable {
    private let devices = Mutex<[String: Device]>([:])

    init(_ devices: [Device] = []) { replace(by: devices) }

    /// By their names.
    var all: [Device] { devices.withLock { $0.values.sorted { $0.id < $1.id } } }

    subscript(id: String) -> Device? {
        get { devices.withLock { $0[id] } }
        set { devices.withLock { $0[id] = newValue } }
    }

    func replace(by new: [Device]) {
        devices.withLock {
            $0 = Dictionary(new.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last })
        }
    }
}

/// Maps what the devices of a group send.
///
/// The result depends on the message, and on which devices are provisioned.
final class DeviceGroupMapping: MessageMapping {
    let group: DeviceGroup
    let source: SourceKey
    private let registry: DeviceRegistry
    /// The devices that are provisioned; the same for all that a group was.
    let known: KnownDevices

    /// The most measures of a message.
    static let maximumMeasures = 10_000
    /// The most measures of one time: each is looked for among the others.
    static let maximumMembers = 1_000
    /// The most reasons that are kept of one message.
    private static let maximumRefusals = 20

    init(
        _ group: DeviceGroup,
        _ known: KnownDevices,
        _ source: SourceKey,
        _ registry: DeviceRegistry
    ) {
        self.group = group
        self.known = known
        self.source = source
        self.registry = registry
    }

    var types: [String] { Set(all.map(\.type) + [group.type]).sorted() }
    var about: String? { nil }
    var way: String { "devices" }
    var reports: ReportInterval { .learned }
    var hasOwnTimes: Bool { false }
    var definition: any Sendable { group }

    /// The devices that are provisioned, by their names.
    var all: [Device] { known.all }

    func device(_ id: String) -> Device? { known[id] }

    // MARK: Messages

    func map(_ message: ReceivedMessage) -> MappedContent {
        var content = MappedContent(entities: [], refusals: [])
        do throws(EntityError) {
            guard let address = message.topic.flatMap({ MeasureAddress($0) }) else {
                throw EntityError("The topic is not one of a device.")
            }
            let device = try sender(address.device)
            let json = try value(message, address)
            switch address.content {
            case .measure(let name):
                for (time, value) in Self.single(json) {
                    let measures = JSONValue.object(JSONObject([(name, value)]))
                    add(measures, time ?? address.time, nil, of: device, message, to: &content)
                }
            case .measures:
                let list = json.arrayValue ?? [json]
                guard list.count <= Self.maximumMeasures else {
                    throw EntityError("There are more than \(Self.maximumMeasures) measures.")
                }
                for (index, element) in list.enumerated() {
                    let place = list.count > 1 ? "Measure \(index + 1): " : nil
                    add(element, address.time, place, of: device, message, to: &content)
                }
            case .results:
                addResults(json, address.time, of: device, message, to: &content)
            }
        } catch {
            content.refusals.append(error.detail)
        }
        return content
    }

    /// The device of this name; throws for one that may not send.
    private func sender(_ id: String) throws(EntityError) -> Device {
        if let device = device(id) { return device }
        guard group.takesUnknownDevices else {
            throw EntityError(
                "The device '\(id)' is not provisioned, and its group takes no others."
            )
        }
        let device = Device(unknown: id, of: group)
        guard !registry.isOfDevice(device.entity, source.tenant) else {
            throw EntityError("'\(device.entity)' is the entity of a device with another name.")
        }
        return device
    }

    private func value(
        _ message: ReceivedMessage,
        _ address: MeasureAddress
    ) throws(EntityError) -> JSONValue {
        do throws(JSONError) { return try JSONReader.read(message.body) } catch {
            // One value that is no JSON is kept as its bytes, as the agents do.
            guard case .measure = address.content, !message.body.isEmpty else {
                throw EntityError("The message is not JSON: \(error)")
            }
            return .string(Hexadecimal.text(of: message.body))
        }
    }

    /// The values of one measure with their times: a list of objects with `value` has several.
    private static func single(_ json: JSONValue) -> [(time: String?, value: JSONValue)] {
        guard let list = json.arrayValue, !list.isEmpty, list.count <= maximumMeasures,
            list.allSatisfy({ $0.objectValue?["value"] != nil })
        else { return [(nil, json)] }
        return list.compactMap(\.objectValue).map {
            (($0["timestamp"] ?? $0["TimeInstant"])?.stringValue, $0["value"] ?? .null)
        }
    }

    private func refuse(_ reason: String, _ place: String?, _ content: inout MappedContent) {
        guard content.refusals.count < Self.maximumRefusals else { return }
        content.refusals.append((place ?? "") + reason)
    }

    /// Adds the entity of one measurement; a member that cannot be used does not stop the others.
    private func add(
        _ json: JSONValue,
        _ time: String?,
        _ place: String?,
        of device: Device,
        _ message: ReceivedMessage,
        to content: inout MappedContent
    ) {
        guard case .object(let object) = json else {
            return refuse("Measures are an object, not \(json.excerpt).", place, &content)
        }
        guard object.count <= Self.maximumMembers else {
            let reason = "There are more than \(Self.maximumMembers) measures at one time."
            return refuse(reason, place, &content)
        }
        let times = object["TimeInstant"]?.stringValue ?? time
        var observedAt = device.settings.timestamp == false ? nil : message.receivedAt
        if let times {
            guard let moment = Timestamp(times) else {
                let reason = "TimeInstant: `\(times.prefix(80))` is not a time like "
                return refuse(reason + "2026-01-31T08:30:00Z.", place, &content)
            }
            observedAt = moment
        }
        var entity = Self.entity(of: device)
        let reserved = registry.reservedNames(of: device.entity, source.tenant)
        for (id, value) in object.members where id != "TimeInstant" {
            do throws(EntityError) {
                try add(id, value, observedAt, of: device, besides: reserved, to: &entity)
            } catch {
                refuse("\(id.prefix(80)): \(error.detail)", place, &content)
            }
        }
        guard entity.count > 2 else {
            if content.refusals.isEmpty {
                refuse("Nothing of it becomes an attribute.", place, &content)
            }
            return
        }
        for attribute in device.settings.statics where entity[attribute.name] == nil {
            // It was checked when it was provisioned.
            guard let value = attribute.value,
                !reserved.contains(LDContext.core.expand(attribute.name)),
                let json = try? attribute.normalized(value, observedAt: nil)
            else { continue }
            entity.members.append((attribute.name, json))
            content.initial[content.entities.count, default: []].append(attribute.name)
        }
        content.entities.append(.object(entity))
    }

    private static func entity(of device: Device) -> JSONObject {
        ["id": .string(device.entity.uri), "type": .string(device.type)]
    }

    private func add(
        _ id: String,
        _ value: JSONValue,
        _ observedAt: Timestamp?,
        of device: Device,
        besides reserved: Set<IRI>,
        to entity: inout JSONObject
    ) throws(EntityError) {
        let known = device.settings.attributes.filter { $0.objectID == id }
        if known.isEmpty, device.settings.isExplicit == true { return }
        let attributes = known.isEmpty ? [try Self.unknown(id)] : known
        for attribute in attributes {
            guard !reserved.contains(LDContext.core.expand(attribute.name)) else {
                throw EntityError("It is a command of the device, and no measure.")
            }
            guard entity[attribute.name] == nil else {
                throw EntityError("The attribute '\(attribute.name)' is there twice.")
            }
            if let json = try attribute.normalized(value, observedAt: observedAt) {
                entity.members.append((attribute.name, json))
            }
        }
    }

    /// An attribute that nobody has provisioned, of the measure's own name.
    private static func unknown(_ id: String) throws(EntityError) -> DeviceAttribute {
        let name = ["id": "measure_id", "type": "measure_type"][id] ?? id
        guard Name.isValid(name), !["scope", "@context"].contains(name) else {
            throw EntityError("It is not the name of an attribute; provision one for it.")
        }
        let type = ["location", "observationSpace", "operationSpace"].contains(name)
        return DeviceAttribute(objectID: id, name: name, type: type ? "GeoProperty" : nil)
    }

    // MARK: Results of commands

    private func addResults(
        _ json: JSONValue,
        _ time: String?,
        of device: Device,
        _ message: ReceivedMessage,
        to content: inout MappedContent
    ) {
        guard case .object(let object) = json else {
            return refuse("Results are an object, not \(json.excerpt).", nil, &content)
        }
        let moment = time.flatMap { Timestamp($0) } ?? message.receivedAt
        var entity = Self.entity(of: device)
        for (command, result) in object.members {
            guard device.settings.commands.contains(command) else {
                refuse("\(command.prefix(80)): The device has no such command.", nil, &content)
                continue
            }
            entity.members += Self.state(of: command, "OK", result, at: moment)
        }
        if entity.count > 2 { content.entities.append(.object(entity)) }
    }

    /// The attributes that tell the state of a command; a result that is null is left out.
    static func state(
        of command: String,
        _ status: String,
        _ result: JSONValue?,
        at moment: Timestamp
    ) -> [(key: String, value: JSONValue)] {
        func property(_ value: JSONValue) -> JSONValue {
            ["type": "Property", "value": value, "observedAt": .string(moment.text)]
        }
        var members = [(key: Device.statusName(command), value: property(.string(status)))]
        if let result, !result.isNull {
            members.append((Device.infoName(command), property(result)))
        }
        return members
    }
}
