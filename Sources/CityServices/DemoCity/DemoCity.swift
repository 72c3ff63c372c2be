package import ContextModel

/// Phuket as a demonstration: real places, simulated devices.
///
/// The entities are functions of the seed and the time, and nothing is stored.
///
/// So the present state, the changes since a moment and yesterday's history always agree. Every
/// entity says that it is simulated. Types and attributes have the names of the Smart Data Models.
package struct DemoCity: Sendable {
    private let noise: DemoNoise
    private let devices: [any DemoDevice]

    /// The `dataProvider` of every entity.
    package static let provider = "Balai demo city"
    /// The `source` of every entity.
    package static let source = "simulated"

    package init(seed: UInt64) {
        noise = DemoNoise(seed: seed)
        devices = Self.makeDevices(DemoNoise(seed: seed))
    }

    package var deviceCount: Int { devices.count }

    /// Devices of one type.
    package struct Kind: Sendable, Equatable {
        /// The type by the Smart Data Models.
        package var type: String
        package var count: Int
        /// Seconds between two reports of a device.
        package var reportSeconds: Int64
    }

    /// The kinds of devices, by type.
    package var kinds: [Kind] {
        Dictionary(grouping: devices, by: \.type).sorted { $0.key < $1.key }.map { type, devices in
            Kind(
                type: type,
                count: devices.count,
                reportSeconds: devices.map(\.reportSeconds).min() ?? 0
            )
        }
    }

    /// Every entity with all attributes, as last reported at or before `time`.
    package func entities(at time: Timestamp) -> [JSONValue] {
        devices.map { device in
            let moment = device.lastReport(atOrBefore: time)
            var entity = head(device)
            entity.members += description(device)
            entity.members += readings(device, at: moment)
            return .object(entity)
        }
    }

    /// The reports of devices after `since`, up to and including `until`.
    ///
    /// They are entities with only the measured attributes, in normalized representation, oldest
    /// first for each device. A device that reported several times appears several times, at most
    /// `reportLimit`.
    package func changes(since: Timestamp, until: Timestamp) -> [JSONValue] {
        var updates: [(moment: Timestamp, entity: JSONValue)] = []
        for device in devices {
            var moment = device.lastReport(atOrBefore: until)
            for _ in 0..<Self.reportLimit where moment > since {
                var update = head(device)
                update.members += readings(device, at: moment)
                updates.append((moment, .object(update)))
                moment.microseconds -= device.reportSeconds * 1_000_000
            }
        }
        return updates.sorted { $0.moment < $1.moment }.map(\.entity)
    }

    /// The most reports of one device that one call of `changes` returns: after a long pause, only
    /// the newest matter.
    package static let reportLimit = 60

    /// The temporal evolution (clause 5.2.20) of every device from `start` up to and including
    /// `end`, with one reading every `stepSeconds`.
    package func history(
        from start: Timestamp,
        to end: Timestamp,
        stepSeconds: Int64
    )
        -> [JSONValue]
    {
        devices.map { device in
            var evolution = head(device)
            var series: [(key: String, value: [JSONValue])] = []
            var asked = start
            while asked <= end {
                let moment = device.lastReport(atOrBefore: asked)
                for (index, item) in readings(device, at: moment).enumerated() {
                    if index == series.count { series.append((item.key, [])) }
                    series[index].value.append(item.value)
                }
                asked.microseconds += max(stepSeconds, device.reportSeconds) * 1_000_000
            }
            evolution.members += series.map { (key: $0.key, value: .array($0.value)) }
            return .object(evolution)
        }
    }

    private func head(_ device: any DemoDevice) -> JSONObject {
        JSONObject([("id", .string(device.id)), ("type", .string(device.type))])
    }

    private func description(_ device: any DemoDevice) -> [(key: String, value: JSONValue)] {
        [
            ("name", property(.string(device.name))),
            ("source", property(.string(Self.source))),
            ("dataProvider", property(.string(Self.provider))),
        ] + device.fixedAttributes
    }

    private func readings(
        _ device: any DemoDevice,
        at moment: Timestamp
    )
        -> [(key: String, value: JSONValue)]
    {
        let observedAt = JSONValue.string(moment.text)
        return device.readings(at: moment, weather: DemoWeather(noise, at: moment)).map {
            (key: $0.name, value: $0.attribute(observedAt: observedAt))
        }
    }
}
