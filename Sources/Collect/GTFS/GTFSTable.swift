/// The mapping of one file of a GTFS feed: type, identifier and attributes, named as in the Smart
/// Data Models (dataModel.UrbanMobility).
struct GTFSTable: Sendable {
    /// The attribute for a column.
    enum Attribute: Sendable {
        case text(String, from: String)
        case number(String, from: String)
        /// 0 or 1.
        case flag(String, from: String)
        /// `YYYYMMDD` becomes `YYYY-MM-DD`.
        case date(String, from: String)
        /// `H:MM:SS`, with hours beyond 24 after midnight.
        case time(String, from: String)
        /// A reference to the entity of this type with this key.
        case reference(String, from: String, to: String)
        case place(String, latitude: String, longitude: String)
    }

    let file: String
    let type: String
    /// The columns that distinguish a row from all others; they make up the identifier.
    let key: [String]
    /// Columns that also distinguish rows that have them; they follow the others in the
    /// identifier.
    var optionalKey: [String] = []
    /// The column that distinguishes rows whose key columns are empty.
    var spareKey: String?
    let attributes: [Attribute]
    var isRequired = false
    /// Whether keys are kept to find repeated ones.
    ///
    /// It is false for files with millions of rows.
    var checksKeys = true
}

extension GTFSTable {
    /// The tables in an order in which targets of references come first.
    ///
    /// `shapes.txt` is not among them, because many of its rows make one entity.
    static let all = [
        agency, calendar, calendarDates, stops, routes, trips, frequencies, stopTimes, transfers,
    ]

    private static let agency = GTFSTable(
        file: "agency.txt",
        type: "GtfsAgency",
        key: [],
        optionalKey: ["agency_id"],
        spareKey: "agency_name",
        attributes: [
            .text("name", from: "agency_name"), .text("agencyName", from: "agency_name"),
            .text("page", from: "agency_url"), .text("timezone", from: "agency_timezone"),
            .text("language", from: "agency_lang"), .text("phone", from: "agency_phone"),
        ],
        isRequired: true
    )

    private static let calendar = GTFSTable(
        file: "calendar.txt",
        type: "GtfsCalendarRule",
        key: ["service_id"],
        attributes: [
            .reference("hasService", from: "service_id", to: "GtfsService"),
            .flag("monday", from: "monday"), .flag("tuesday", from: "tuesday"),
            .flag("wednesday", from: "wednesday"), .flag("thursday", from: "thursday"),
            .flag("friday", from: "friday"), .flag("saturday", from: "saturday"),
            .flag("sunday", from: "sunday"), .date("startDate", from: "start_date"),
            .date("endDate", from: "end_date"),
        ]
    )

    private static let calendarDates = GTFSTable(
        file: "calendar_dates.txt",
        type: "GtfsCalendarDateRule",
        key: ["service_id", "date"],
        attributes: [
            .reference("hasService", from: "service_id", to: "GtfsService"),
            .date("appliesOn", from: "date"), .text("exceptionType", from: "exception_type"),
        ]
    )

    private static let stops = GTFSTable(
        file: "stops.txt",
        type: "GtfsStop",
        key: ["stop_id"],
        attributes: [
            .text("name", from: "stop_name"), .text("code", from: "stop_code"),
            .text("stop_desc", from: "stop_desc"), .text("zoneCode", from: "zone_id"),
            .text("page", from: "stop_url"),
            .text("wheelChairAccessible", from: "wheelchair_boarding"),
            .reference("hasParentStation", from: "parent_station", to: "GtfsStation"),
            .place("location", latitude: "stop_lat", longitude: "stop_lon"),
        ],
        isRequired: true
    )

    private static let routes = GTFSTable(
        file: "routes.txt",
        type: "GtfsRoute",
        key: ["route_id"],
        attributes: [
            .text("shortName", from: "route_short_name"), .text("name", from: "route_long_name"),
            .text("description", from: "route_desc"), .text("routeType", from: "route_type"),
            .text("page", from: "route_url"), .text("routeColor", from: "route_color"),
            .text("routeTextColor", from: "route_text_color"),
            .number("routeSortOrder", from: "route_sort_order"),
            .reference("operatedBy", from: "agency_id", to: "GtfsAgency"),
        ],
        isRequired: true
    )

    private static let trips = GTFSTable(
        file: "trips.txt",
        type: "GtfsTrip",
        key: ["trip_id"],
        attributes: [
            .reference("hasRoute", from: "route_id", to: "GtfsRoute"),
            .reference("hasService", from: "service_id", to: "GtfsService"),
            .reference("hasShape", from: "shape_id", to: "GtfsShape"),
            .text("headSign", from: "trip_headsign"), .text("shortName", from: "trip_short_name"),
            .text("block", from: "block_id"), .number("direction", from: "direction_id"),
            .number("wheelChairAccessible", from: "wheelchair_accessible"),
            .number("bikesAllowed", from: "bikes_allowed"),
        ],
        isRequired: true
    )

    private static let frequencies = GTFSTable(
        file: "frequencies.txt",
        type: "GtfsFrequency",
        key: ["trip_id", "start_time"],
        attributes: [
            .reference("hasTrip", from: "trip_id", to: "GtfsTrip"),
            .time("startTime", from: "start_time"), .time("endTime", from: "end_time"),
            .number("headwaySeconds", from: "headway_secs"),
            .flag("exactTimes", from: "exact_times"),
        ]
    )

    private static let stopTimes = GTFSTable(
        file: "stop_times.txt",
        type: "GtfsStopTime",
        key: ["trip_id", "stop_sequence"],
        attributes: [
            .reference("hasTrip", from: "trip_id", to: "GtfsTrip"),
            .reference("hasStop", from: "stop_id", to: "GtfsStop"),
            .time("arrivalTime", from: "arrival_time"),
            .time("departureTime", from: "departure_time"),
            .number("stopSequence", from: "stop_sequence"),
            .text("stopHeadsign", from: "stop_headsign"),
            .text("pickupType", from: "pickup_type"), .text("dropOffType", from: "drop_off_type"),
            .text("timepoint", from: "timepoint"),
            .number("distanceTravelled", from: "shape_dist_traveled"),
        ],
        isRequired: true,
        checksKeys: false
    )

    private static let transfers = GTFSTable(
        file: "transfers.txt",
        type: "GtfsTransferRule",
        key: [],
        optionalKey: [
            "from_stop_id", "to_stop_id", "from_route_id", "to_route_id", "from_trip_id",
            "to_trip_id",
        ],
        attributes: [
            .reference("hasOrigin", from: "from_stop_id", to: "GtfsStop"),
            .reference("hasDestination", from: "to_stop_id", to: "GtfsStop"),
            .reference("hasOriginRoute", from: "from_route_id", to: "GtfsRoute"),
            .reference("hasDestinationRoute", from: "to_route_id", to: "GtfsRoute"),
            .reference("hasOriginTrip", from: "from_trip_id", to: "GtfsTrip"),
            .reference("hasDestinationTrip", from: "to_trip_id", to: "GtfsTrip"),
            .text("transferType", from: "transfer_type"),
            .number("minimumTransferTime", from: "min_transfer_time"),
        ]
    )
}
