namespace SampleWeb;

/// <summary>The page on which a browser sends images.</summary>
internal static class Page
{
    /// <summary>Its source.</summary>
    public const string Html = """
        <!doctype html>
        <html lang="en">
        <title>What is it?</title>
        <style>body { font: 1.2rem sans-serif; margin: 2rem auto; max-width: 30rem } img { width: 14rem; image-rendering: pixelated }</style>
        <h1>What is it?</h1>
        <p><input type="file" id="file" accept="image/png,image/jpeg" aria-label="An image"></p>
        <p><img id="image" alt="" hidden></p>
        <p id="answer" role="status"></p>
        <script>
          file.onchange = async () => {
            const chosen = file.files[0];
            image.src = URL.createObjectURL(chosen);
            image.hidden = false;
            const response = await fetch('/classify', { method: 'POST', body: chosen });
            const text = await response.text();
            const { label, confidence } = response.ok ? JSON.parse(text) : {};
            answer.textContent = response.ok ? `${label} (${(confidence * 100).toFixed(1)} %)` : text;
          };
        </script>
        </html>
        """;
}
