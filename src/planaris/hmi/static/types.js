// Types of the wire, written by scripts/hmi_types.py from planaris/hmi/protocol.py: change that, not this.

export {};

/**
 * @typedef {object} Hello
 * @property {"hello"} t
 * @property {number} v
 * @property {string} csrf
 */

/**
 * @typedef {object} Again
 * @property {"again"} t
 */

/**
 * @typedef {object} Watch
 * @property {"watch"} t
 * @property {string[]} tags
 * @property {number} hz
 */

/**
 * @typedef {object} GivenCommand
 * @property {"command"} t
 * @property {string} key
 * @property {string} verb
 * @property {Record<string, string | number | boolean>} args
 * @property {string} reason
 * @property {number} expires_s
 */

/**
 * @typedef {object} Parameter
 * @property {string} name
 * @property {string} dtype
 * @property {boolean} required
 * @property {string} unit
 * @property {string} en
 * @property {string} zh
 * @property {string[]} choices
 */

/**
 * @typedef {object} VerbEntry
 * @property {string} en
 * @property {string} zh
 * @property {Parameter[]} parameters
 * @property {boolean} confirm
 * @property {boolean} reason
 * @property {boolean} twin_only
 */

/**
 * @typedef {object} ToolState
 * @property {string} name
 * @property {string} port_kind
 * @property {string} banner
 * @property {string} state
 * @property {string} link
 * @property {string} halted
 * @property {number} speed
 * @property {string} run_id
 * @property {string} software
 * @property {number} protocol
 * @property {string} package
 * @property {string} film
 * @property {string} architecture
 * @property {number} load_ports
 * @property {number} platens
 * @property {number} heads
 * @property {number} slurry_lines
 * @property {string[]} stations
 * @property {number[]} zone_outer_mm
 * @property {number} wafer_diameter_mm
 */

/**
 * @typedef {object} TimeState
 * @property {number} tool_time_s
 * @property {string} started_utc
 */

/**
 * @typedef {object} ModuleState
 * @property {string} kind
 * @property {string} en
 * @property {string} zh
 * @property {string} state
 * @property {string} doing
 * @property {string} use
 * @property {boolean} manual
 * @property {string} quarantine
 * @property {string[]} wafers
 */

/**
 * @typedef {object} WaferResults
 * @property {number} sites_count
 * @property {number | null} incoming_nm
 * @property {number | null} post_nm
 * @property {number | null} removal_nm
 * @property {number | null} wiwnu_pct
 * @property {number | null} range_pct
 * @property {number | null} polish_s
 * @property {number | null} wet_s
 * @property {number} finished_s
 */

/**
 * @typedef {object} WaferState
 * @property {string} lot_id
 * @property {number} slot
 * @property {string} kind
 * @property {number} head
 * @property {string} place
 * @property {string} going
 * @property {string} state
 * @property {string[]} marks
 * @property {WaferResults | null} results
 */

/**
 * @typedef {object} CarrierState
 * @property {string} carrier_id
 * @property {string} slots
 * @property {string} lot_id
 */

/**
 * @typedef {object} LotEntry
 * @property {number} load_port
 * @property {string} product
 * @property {string} recipe
 * @property {number} wafers_count
 * @property {string} carrier_id
 */

/**
 * @typedef {object} JobEntry
 * @property {string} state
 * @property {number} load_port
 * @property {string} recipe
 * @property {number} priority
 * @property {number} finished_count
 * @property {number} wafers_count
 * @property {string[]} failures
 * @property {string} why
 */

/**
 * @typedef {object} AlarmEntry
 * @property {string} key
 * @property {string} alarm
 * @property {string} source
 * @property {string} severity
 * @property {string} state
 * @property {string} wafer_id
 * @property {string} detail
 * @property {number} set_s
 * @property {number | null} acknowledged_s
 * @property {string} acknowledged_by
 * @property {number | null} cleared_s
 */

/**
 * @typedef {object} AlarmsState
 * @property {Record<string, AlarmEntry>} active
 * @property {AlarmEntry[]} recent
 */

/**
 * @typedef {object} ConsumableState
 * @property {string} location
 * @property {string} part
 * @property {string} serial
 * @property {number} wafers_count
 * @property {number} use_h
 * @property {number} life_pct
 */

/**
 * @typedef {object} ChangeState
 * @property {string} location
 * @property {string} part
 * @property {string} step
 * @property {string} previous
 * @property {number} passed_count
 * @property {string} principal
 * @property {string} why
 */

/**
 * @typedef {object} EndpointState
 * @property {string} decision
 * @property {string} why
 * @property {number | null} called_s
 * @property {number | null} endpoint_s
 * @property {number | null} stop_s
 * @property {number | null} endpoint_nm
 * @property {number | null} sigma_nm
 * @property {number | null} rate_nm_min
 * @property {(number | null)[]} trail_s
 * @property {(number | null)[]} trail_nm
 * @property {(number | null)[]} trail_pct
 * @property {string} step_name
 * @property {string} wafer_id
 */

/**
 * @typedef {object} ProcessState
 * @property {string} wafer_id
 * @property {string} lot_id
 * @property {number} head
 * @property {string} recipe
 * @property {number} step
 * @property {string} step_name
 * @property {string} kind
 * @property {number | null} started_s
 * @property {string} ended
 * @property {number | null} time_s
 * @property {Record<string, number | number[]>} targets
 * @property {EndpointState | null} endpoint
 */

/**
 * @typedef {object} FactoryState
 * @property {string} address
 * @property {string} communication
 * @property {string} control
 * @property {string} spool
 * @property {number} spool_count
 * @property {string[]} messages
 */

/**
 * @typedef {object} ThroughputState
 * @property {number | null} wafers_h
 * @property {number | null} next_finish_s
 * @property {number} finished_count
 */

/**
 * @typedef {object} Question
 * @property {string} wafer_id
 * @property {string} why
 * @property {string[]} candidates
 * @property {string[]} look_at
 */

/**
 * @typedef {object} TruthState
 * @property {Record<string, string>} where
 * @property {string[]} flags
 * @property {number[]} carriers
 */

/**
 * @typedef {object} State
 * @property {ToolState} tool
 * @property {TimeState} time
 * @property {Record<string, ModuleState>} modules
 * @property {Record<string, string>} material
 * @property {Record<string, WaferState>} wafers
 * @property {Record<string, CarrierState>} carriers
 * @property {Record<string, LotEntry>} lots
 * @property {Record<string, JobEntry>} jobs
 * @property {AlarmsState} alarms
 * @property {Record<string, ConsumableState>} consumables
 * @property {Record<string, ChangeState>} changes
 * @property {Record<string, ProcessState>} process
 * @property {FactoryState} factory
 * @property {ThroughputState} throughput
 * @property {Question[]} questions
 * @property {Record<string, VerbEntry>} verbs
 * @property {TruthState} [truth]
 */

/**
 * @typedef {object} Snapshot
 * @property {"snapshot"} t
 * @property {number} n
 * @property {State} state
 */

/**
 * @typedef {object} Diff
 * @property {"diff"} t
 * @property {number} n
 * @property {[string[], any][]} set
 * @property {string[][]} del
 */

/**
 * @typedef {object} Beat
 * @property {"beat"} t
 * @property {number} n
 * @property {number} tool_time_s
 */

/**
 * @typedef {object} AnswerMessage
 * @property {"answer"} t
 * @property {string} key
 * @property {"accepted" | "done" | "refused" | "failed" | "expired" | "unknown"} status
 * @property {string} why
 * @property {string} command_id
 */

/**
 * @typedef {object} Watching
 * @property {"watching"} t
 * @property {string[]} tags
 * @property {Record<string, string>} refused
 * @property {number} hz
 */

/**
 * @typedef {object} ErrorMessage
 * @property {"error"} t
 * @property {string} why
 */

/**
 * @typedef {object} Bye
 * @property {"bye"} t
 * @property {string} code
 * @property {string} why
 */

/** @typedef {Snapshot | Diff | Beat | AnswerMessage | Watching | ErrorMessage | Bye} ServerMessage */

/** @typedef {Hello | Again | Watch | GivenCommand} ClientMessage */

/**
 * @typedef {object} SessionBody
 * @property {string} user
 * @property {string} role
 * @property {boolean} must_change_password
 * @property {string} csrf
 * @property {string} expires_at
 */

/**
 * @typedef {object} Fault
 * @property {string} path
 * @property {string} value
 * @property {string} problem
 * @property {string} limit
 * @property {string} unit
 * @property {string} remedy
 */

/**
 * @typedef {object} ErrorBody
 * @property {string} error
 * @property {string} why
 * @property {Fault[]} [faults]
 * @property {number} [retry_after_s]
 */

export const PROTOCOL = 1;
