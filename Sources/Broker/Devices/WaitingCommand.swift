package import ContextModel
import Governance
import Storage

/// A command that was written to an entity and is on its way to the device.
///
/// It is kept in the transaction of the write. A device has at most one of each name: a newer one takes
/// the place of one that has not been sent.
package struct WaitingCommand: Sendable, Hashable {
    /// How far it is.
    package enum Stage: String, Sendable, Hashable {
        /// It was written.
        case new
        /// Its state was told; the device may ask for it.
        case pending
        /// It is being sent: after a crash nobody knows whether the device has it.
        case sending
    }

    var place: DeviceRegistry.Place
    package var command: String
    package var value: JSONValue
    var writtenAt: Timestamp
    package var stage = Stage.new

    init(
        place: DeviceRegistry.Place,
        command: String,
        value: JSONValue,
        writtenAt: Timestamp
    ) {
        self.place = place
        self.command = command
        self.value = value
        self.writtenAt = writtenAt
    }

    /// The source of the device.
    package var source: SourceKey { place.source }
    package var device: String { place.device }

    /// What is sent to the device.
    package var body: JSONValue { .object(JSONObject([(command, value)])) }

    var documentID: String { "\(place.source.name.text)/\(place.device)/\(command)" }

    var document: Document {
        let body: JSONObject = [
            "device": .string(place.device), "command": .string(command), "value": value,
            "writtenAt": .number(JSONNumber(Int(writtenAt.microseconds))),
            "stage": .string(stage.rawValue),
        ]
        return Document(
            kind: .deviceCommand,
            id: documentID,
            body: JSONValue.object(body).serialized,
            owner: place.source.name.text
        )
    }

    /// Reads what `document` wrote; nil when it is damaged.
    init?(_ document: Document, of source: SourceKey) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let device = json["device"]?.stringValue,
            let command = json["command"]?.stringValue, let value = json["value"],
            let writtenAt = json["writtenAt"]?.numberValue?.intValue,
            let stage = json["stage"]?.stringValue.flatMap(Stage.init)
        else { return nil }
        self.init(
            place: DeviceRegistry.Place(source: source, device: device),
            command: command,
            value: value,
            writtenAt: Timestamp(microseconds: Int64(writtenAt))
        )
        self.stage = stage
    }
}

/// Where a command goes.
package enum CommandTarget: Sendable, Hashable {
    /// It is posted to the address, with the tenant and the service path as FIWARE's headers.
    case http(url: String, tenant: String, path: String)
    /// It is published with this topic by the tenant's connection for devices.
    case mqtt(topic: String)
}

/// How sending a command went.
package enum CommandOutcome: Sendable, Equatable {
    /// The device has answered with a result, or, with nil, will tell it later.
    case delivered(result: JSONValue?)
    /// The device will tell the result; nothing is known yet.
    case sent
    case failed(String)
}
