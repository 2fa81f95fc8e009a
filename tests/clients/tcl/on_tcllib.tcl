# The cases of the matrix for Tcl's `websocket`, of tcllib.
package require websocket

fconfigure stdout -buffering line -encoding utf-8
::websocket::loglevel emergency
set url $env(MATRIX_URL)
set token $env(MATRIX_TOKEN)
set text "h\u00e9llo, w\u00f6rld \u2713"

# What happens, in order: pairs of a type and a message.
set inbox {}

proc happened {sock type message} {
    lappend ::inbox [list $type $message]
}

# The next event of one of these types; others are passed over.
proc next {args} {
    while 1 {
        while {![llength $::inbox]} {vwait ::inbox}
        set ::inbox [lassign $::inbox event]
        if {[lindex $event 0] in $args} {return $event}
    }
}

proc open_with {headers protocols} {
    set ::inbox {}
    set sock [::websocket::open $::url happened -headers $headers -protocol $protocols]
    lassign [next connect error timeout disconnect] type message
    if {$type ne "connect"} {error $message}
    set ::protocol $message
    return $sock
}

proc open_as {token} {
    return [open_with [list Authorization "Bearer $token"] {}]
}

proc same {found expected} {
    if {$found ne $expected} {
        error "[string range $found 0 150] instead of [string range $expected 0 150]"
    }
}

proc receive {} {
    lassign [next text binary close disconnect] type message
    if {$type in {close disconnect}} {error "closed with $message"}
    return $message
}

proc say {what} {
    return "{\"type\":\"say\",\"text\":\"$what\"}"
}

proc hears_said {what} {
    same [receive] "{\"type\":\"said\",\"room\":\"lobby\",\"text\":\"$what\"}"
}

proc said {sock what} {
    ::websocket::send $sock text [say $what]
    hears_said $what
}

proc with {use} {
    set sock [open_as $::token]
    apply [list sock $use] $sock
    ::websocket::close $sock
}

set cases {
    header {with {}}
    subprotocol {
        set sock [open_with {} [list bearer bearer.$::token]]
        same $::protocol bearer
        ::websocket::close $sock
    }
    typed {with {said $sock $::text}}
    reply {with {
        foreach id {a b} {
            ::websocket::send $sock text "{\"type\":\"ask\",\"id\":\"$id\",\"text\":\"$::text\"}"
        }
        set length [string length [encoding convertto utf-8 $::text]]
        foreach id {a b} {same [receive] "{\"type\":\"answer\",\"id\":\"$id\",\"length\":$length}"}
    }}
    text {with {said $sock [string repeat x 65536]}}
    binary {with {
        for {set i 0} {$i < 256} {incr i} {append bytes [format %c [expr {$i * 7 & 255}]]}
        set sent [string repeat $bytes 4096]
        ::websocket::send $sock binary $sent
        if {[receive] ne $sent} {error "other bytes"}
    }}
    fragments {with {
        set message [say $::text]
        ::websocket::send $sock text [string range $message 0 4] 0
        ::websocket::send $sock text [string range $message 5 19] 0
        ::websocket::send $sock text [string range $message 20 end] 1
        hears_said $::text
    }}
    ping {with {
        ::websocket::send $sock ping "are you there"
        same [next pong close] {pong {are you there}}
        said $sock $::text
    }}
    heartbeat {with {
        ::websocket::send $sock text {{"type":"wait","milliseconds":3000}}
        hears_said waited
    }}
    closed {
        set sock [open_as $::token]
        ::websocket::send $sock text {{"type":"leave","code":4002,"reason":"enough"}}
        same [next close disconnect] {close {4002 enough}}
    }
    refused {
        if {![catch {open_as wrong} failure]} {error "it connected with a wrong token"}
        if {![string match "*401*" $failure]} {error $failure}
    }
}

puts "{\"version\": \"[package present websocket]\"}"
set late [after 60000 {puts "nothing within 60 s"; exit 1}]
dict for {name body} $cases {
    set result "\"pass\""
    if {[catch {apply [list {} $body]} failure]} {
        set result "\"fail\", \"detail\": \"[string map {\" ' \\ ' \n ' '} $failure]\""
    }
    puts "{\"case\": \"$name\", \"result\": $result}"
}
exit
