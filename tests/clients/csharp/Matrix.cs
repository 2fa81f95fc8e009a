// The cases of the matrix for .NET's `ClientWebSocket`.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net.WebSockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

class Closed : Exception
{
    public Closed(WebSocketCloseStatus? code, string reason) : base($"closed with {(int?)code} {reason}") { }
}

static class Matrix
{
    static readonly string Url = Environment.GetEnvironmentVariable("MATRIX_URL");
    static readonly string Token = Environment.GetEnvironmentVariable("MATRIX_TOKEN");
    const string Text = "héllo, wörld ✓";

    static void Main()
    {
        var cases = new Dictionary<string, Func<Task>>
        {
            ["header"] = With(_ => Task.CompletedTask),
            ["subprotocol"] = Subprotocol,
            ["typed"] = With(socket => Said(socket, Text)),
            ["reply"] = With(Reply),
            ["text"] = With(socket => Said(socket, new string('x', 65536))),
            ["binary"] = With(Binary),
            ["fragments"] = With(Fragments),
            ["heartbeat"] = With(async socket =>
            {
                await Send(socket, "{\"type\":\"wait\",\"milliseconds\":3000}");
                await HearsSaid(socket, "waited");
            }),
            ["close"] = async () =>
            {
                var socket = await Open(Token);
                await socket.CloseAsync((WebSocketCloseStatus)4001, "done here", Late());
                Same((int?)socket.CloseStatus, 4001);
            },
            ["closed"] = ServersClose,
            ["refused"] = Refused,
        };
        foreach (var test in cases)
        {
            var result = "\"pass\"";
            try
            {
                if (!test.Value().Wait(20000)) throw new Exception("nothing within 20 s");
            }
            catch (Exception error)
            {
                var what = (error as AggregateException)?.GetBaseException() ?? error;
                var detail = new string(what.Message.Select(c => c < ' ' || c == '"' || c == '\\' ? '\'' : c).ToArray());
                result = $"\"fail\", \"detail\": \"{detail}\"";
            }
            Console.WriteLine($"{{\"case\": \"{test.Key}\", \"result\": {result}}}");
        }
        Environment.Exit(0);
    }

    static CancellationToken Late() => new CancellationTokenSource(20000).Token;

    static async Task<ClientWebSocket> Open(string token, params string[] protocols)
    {
        var socket = new ClientWebSocket();
        if (token != null) socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        foreach (var protocol in protocols) socket.Options.AddSubProtocol(protocol);
        await socket.ConnectAsync(new Uri(Url), Late());
        return socket;
    }

    static Func<Task> With(Func<ClientWebSocket, Task> use) => async () =>
    {
        var socket = await Open(Token);
        await use(socket);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Late());
    };

    static async Task Subprotocol()
    {
        var socket = await Open(null, "bearer", $"bearer.{Token}");
        Same(socket.SubProtocol, "bearer");
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Late());
    }

    static async Task Reply(ClientWebSocket socket)
    {
        foreach (var id in new[] { "a", "b" }) await Send(socket, $"{{\"type\":\"ask\",\"id\":\"{id}\",\"text\":\"{Text}\"}}");
        foreach (var id in new[] { "a", "b" })
        {
            var length = Encoding.UTF8.GetByteCount(Text);
            Same(await Hear(socket), $"{{\"type\":\"answer\",\"id\":\"{id}\",\"length\":{length}}}");
        }
    }

    static async Task Binary(ClientWebSocket socket)
    {
        var sent = Enumerable.Range(0, 1 << 20).Select(i => (byte)(i * 7)).ToArray();
        await socket.SendAsync(new ArraySegment<byte>(sent), WebSocketMessageType.Binary, true, Late());
        if (!sent.SequenceEqual(await Receive(socket))) throw new Exception("other bytes");
    }

    static async Task Fragments(ClientWebSocket socket)
    {
        var message = Encoding.UTF8.GetBytes($"{{\"type\":\"say\",\"text\":\"{Text}\"}}");
        var start = 0;
        foreach (var end in new[] { 5, 20, message.Length })
        {
            var piece = new ArraySegment<byte>(message, start, end - start);
            await socket.SendAsync(piece, WebSocketMessageType.Text, end == message.Length, Late());
            start = end;
        }
        await HearsSaid(socket, Text);
    }

    static async Task ServersClose()
    {
        var socket = await Open(Token);
        await Send(socket, "{\"type\":\"leave\",\"code\":4002,\"reason\":\"enough\"}");
        try
        {
            throw new Exception($"a Close, not {await Hear(socket)}");
        }
        catch (Closed closed)
        {
            Same(closed.Message, "closed with 4002 enough");
        }
    }

    // Mono hides the status: an error is all that there is.
    static async Task Refused()
    {
        try
        {
            await Open("wrong");
        }
        catch (WebSocketException)
        {
            return;
        }
        throw new Exception("it connected with a wrong token");
    }

    static async Task Said(ClientWebSocket socket, string what)
    {
        await Send(socket, $"{{\"type\":\"say\",\"text\":\"{what}\"}}");
        await HearsSaid(socket, what);
    }

    static async Task HearsSaid(ClientWebSocket socket, string what) =>
        Same(await Hear(socket), $"{{\"type\":\"said\",\"room\":\"lobby\",\"text\":\"{what}\"}}");

    static Task Send(ClientWebSocket socket, string text) =>
        socket.SendAsync(new ArraySegment<byte>(Encoding.UTF8.GetBytes(text)), WebSocketMessageType.Text, true, Late());

    static async Task<string> Hear(ClientWebSocket socket) => Encoding.UTF8.GetString(await Receive(socket));

    static async Task<byte[]> Receive(ClientWebSocket socket)
    {
        var message = new MemoryStream();
        var buffer = new byte[65536];
        for (;;)
        {
            var piece = await socket.ReceiveAsync(new ArraySegment<byte>(buffer), Late());
            if (piece.MessageType == WebSocketMessageType.Close) throw new Closed(piece.CloseStatus, piece.CloseStatusDescription);
            message.Write(buffer, 0, piece.Count);
            if (piece.EndOfMessage) return message.ToArray();
        }
    }

    static void Same<T>(T found, T expected)
    {
        if (!Equals(found, expected)) throw new Exception($"{found} instead of {expected}");
    }
}
