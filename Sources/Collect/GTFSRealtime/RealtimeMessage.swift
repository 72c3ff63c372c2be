/// A message of the GTFS-Realtime schema (version 2.0): its fields by their numbers.
///
/// Fields that stand in no list here, such as extensions of a publisher, are passed over.
struct RealtimeMessage: Sendable {
    /// What a field has.
    enum Content: Sendable {
        case text
        /// A whole number without a sign.
        case count
        /// A whole number with a sign.
        case integer
        case flag
        case float
        case double
        /// Seconds since 1970, which become a moment in ISO 8601; 0 stands for none.
        case moment
        /// A word for each of the numbers; the field is left out for another number.
        case word([UInt64: String])
        case message(RealtimeMessage)
        case messages(RealtimeMessage)
    }

    struct Field: Sendable {
        var name: String
        var content: Content

        init(_ name: String, _ content: Content) {
            self.name = name
            self.content = content
        }
    }

    let fields: [Int: Field]

    init(_ fields: [Int: Field]) { self.fields = fields }
}

extension RealtimeMessage {
    static let header = RealtimeMessage([
        1: Field("gtfsRealtimeVersion", .text),
        2: Field("incrementality", .word([0: "FULL_DATASET", 1: "DIFFERENTIAL"])),
        3: Field("timestamp", .moment), 4: Field("feedVersion", .text),
    ])

    static let entity = RealtimeMessage([
        1: Field("id", .text), 2: Field("isDeleted", .flag),
        3: Field("tripUpdate", .message(tripUpdate)), 4: Field("vehicle", .message(position)),
        5: Field("alert", .message(alert)),
    ])

    // MARK: Trips

    private static let tripUpdate = RealtimeMessage([
        1: Field("trip", .message(trip)), 2: Field("stopTimeUpdate", .messages(stopTimeUpdate)),
        3: Field("vehicle", .message(vehicle)), 4: Field("timestamp", .moment),
        5: Field("delay", .integer),
    ])

    private static let trip = RealtimeMessage([
        1: Field("tripId", .text), 2: Field("startTime", .text), 3: Field("startDate", .text),
        4: Field(
            "scheduleRelationship",
            .word([
                0: "SCHEDULED", 1: "ADDED", 2: "UNSCHEDULED", 3: "CANCELED", 5: "REPLACEMENT",
                6: "DUPLICATED", 7: "DELETED", 8: "NEW",
            ])
        ),
        5: Field("routeId", .text), 6: Field("directionId", .count),
    ])

    private static let stopTimeUpdate = RealtimeMessage([
        1: Field("stopSequence", .count), 2: Field("arrival", .message(stopTimeEvent)),
        3: Field("departure", .message(stopTimeEvent)), 4: Field("stopId", .text),
        5: Field(
            "scheduleRelationship",
            .word([0: "SCHEDULED", 1: "SKIPPED", 2: "NO_DATA", 3: "UNSCHEDULED"])
        ),
        7: Field("departureOccupancyStatus", occupancy),
    ])

    private static let stopTimeEvent = RealtimeMessage([
        1: Field("delay", .integer), 2: Field("time", .moment), 3: Field("uncertainty", .integer),
        4: Field("scheduledTime", .moment),
    ])

    // MARK: Vehicles

    private static let position = RealtimeMessage([
        1: Field("trip", .message(trip)), 2: Field("position", .message(place)),
        3: Field("currentStopSequence", .count),
        4: Field(
            "currentStatus",
            .word([0: "INCOMING_AT", 1: "STOPPED_AT", 2: "IN_TRANSIT_TO"])
        ), 5: Field("timestamp", .moment),
        6: Field(
            "congestionLevel",
            .word([
                0: "UNKNOWN_CONGESTION_LEVEL", 1: "RUNNING_SMOOTHLY", 2: "STOP_AND_GO",
                3: "CONGESTION", 4: "SEVERE_CONGESTION",
            ])
        ), 7: Field("stopId", .text), 8: Field("vehicle", .message(vehicle)),
        9: Field("occupancyStatus", occupancy), 10: Field("occupancyPercentage", .count),
    ])

    private static let place = RealtimeMessage([
        1: Field("latitude", .float), 2: Field("longitude", .float), 3: Field("bearing", .float),
        4: Field("odometer", .double), 5: Field("speed", .float),
    ])

    private static let vehicle = RealtimeMessage([
        1: Field("id", .text), 2: Field("label", .text), 3: Field("licensePlate", .text),
        4: Field(
            "wheelchairAccessible",
            .word([
                0: "NO_VALUE", 1: "UNKNOWN", 2: "WHEELCHAIR_ACCESSIBLE",
                3: "WHEELCHAIR_INACCESSIBLE",
            ])
        ),
    ])

    private static let occupancy = Content.word([
        0: "EMPTY", 1: "MANY_SEATS_AVAILABLE", 2: "FEW_SEATS_AVAILABLE", 3: "STANDING_ROOM_ONLY",
        4: "CRUSHED_STANDING_ROOM_ONLY", 5: "FULL", 6: "NOT_ACCEPTING_PASSENGERS",
        7: "NO_DATA_AVAILABLE", 8: "NOT_BOARDABLE",
    ])

    // MARK: Alerts

    private static let alert = RealtimeMessage([
        1: Field("activePeriod", .messages(period)),
        5: Field("informedEntity", .messages(selector)),
        6: Field(
            "cause",
            .word([
                1: "UNKNOWN_CAUSE", 2: "OTHER_CAUSE", 3: "TECHNICAL_PROBLEM", 4: "STRIKE",
                5: "DEMONSTRATION", 6: "ACCIDENT", 7: "HOLIDAY", 8: "WEATHER", 9: "MAINTENANCE",
                10: "CONSTRUCTION", 11: "POLICE_ACTIVITY", 12: "MEDICAL_EMERGENCY",
                13: "SPECIAL_EVENT",
            ])
        ),
        7: Field(
            "effect",
            .word([
                1: "NO_SERVICE", 2: "REDUCED_SERVICE", 3: "SIGNIFICANT_DELAYS", 4: "DETOUR",
                5: "ADDITIONAL_SERVICE", 6: "MODIFIED_SERVICE", 7: "OTHER_EFFECT",
                8: "UNKNOWN_EFFECT", 9: "STOP_MOVED", 10: "NO_EFFECT", 11: "ACCESSIBILITY_ISSUE",
            ])
        ), 8: Field("url", .message(texts)), 10: Field("headerText", .message(texts)),
        11: Field("descriptionText", .message(texts)),
        14: Field(
            "severityLevel",
            .word([1: "UNKNOWN_SEVERITY", 2: "INFO", 3: "WARNING", 4: "SEVERE"])
        ),
    ])

    private static let period = RealtimeMessage([
        1: Field("start", .moment), 2: Field("end", .moment),
    ])

    private static let selector = RealtimeMessage([
        1: Field("agencyId", .text), 2: Field("routeId", .text), 3: Field("routeType", .integer),
        4: Field("trip", .message(trip)), 5: Field("stopId", .text),
        6: Field("directionId", .count),
    ])

    private static let texts = RealtimeMessage([
        1: Field(
            "translation",
            .messages(RealtimeMessage([1: Field("text", .text), 2: Field("language", .text)]))
        )
    ])
}
