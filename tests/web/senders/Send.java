import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;

/** Java's HttpClient, which asks for HTTP/2, sends every case to the bridge at args[0], with the files of the folder args[1]. */
class Send {
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    static void send(String base, String name, HttpRequest.BodyPublisher body, boolean expect) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(base + "/hooks/json?case=" + name + "&name=Мария"))
            .header("Content-Type", "application/json").expectContinue(expect).POST(body).build();
        var answer = CLIENT.send(request, BodyHandlers.ofString());
        if (!answer.body().equals("OK")) throw new IllegalStateException(name + ": " + answer.statusCode());
    }

    public static void main(String[] args) throws Exception {
        var small = Path.of(args[1], "small.json");
        var large = Path.of(args[1], "large.json");
        send(args[0], "small", BodyPublishers.ofFile(small), false);
        send(args[0], "again", BodyPublishers.ofFile(small), false);
        send(args[0], "large", BodyPublishers.ofFile(large), false);
        send(args[0], "expect", BodyPublishers.ofFile(small), true);
        var stream = Files.newInputStream(large);
        send(args[0], "chunked", BodyPublishers.ofInputStream(() -> stream), false);
    }
}
