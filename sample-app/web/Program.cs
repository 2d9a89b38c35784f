using SampleWeb;
using StbImageSharp;

const int LargestFile = 4 << 20;
const int LargestSide = 4096;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddSingleton(FashionMobilenet.Shared);            // a pool: any number of requests at a time
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = LargestFile);

WebApplication app = builder.Build();
FashionMobilenet.Shared.WarmUp();                                  // compiles the fast code before the first request

app.MapGet("/", () => Results.Content(Page.Html, "text/html; charset=utf-8"));

// The body is a PNG or JPEG file of any size: curl --data-binary @shoe.png http://localhost:5000/classify
app.MapPost("/classify", async (HttpRequest request, FashionMobilenet.Pool model) =>
{
    using var file = new MemoryStream();
    await request.Body.CopyToAsync(file);
    if (Decode(file) is not { } image)
        return Results.BadRequest($"Send a PNG or JPEG file of at most {LargestSide} × {LargestSide} pixels.");
    FashionMobilenet.Prediction prediction = model.Predict(
        image.Data, image.Width, image.Height, FashionMobilenet.PixelFormat.Rgb24);
    return Results.Ok(new Answer(prediction.Label.ToString(), prediction.Confidence));
});

app.Run();

// Red, green, blue; null where it is no image that is accepted. How large it is stands at its beginning, and is asked before it is decoded.
static ImageResult? Decode(MemoryStream file)
{
    file.Position = 0;
    if (ImageInfo.FromStream(file) is not { Width: > 0 and <= LargestSide, Height: > 0 and <= LargestSide })
        return null;
    file.Position = 0;
    try
    {
        return ImageResult.FromStream(file, ColorComponents.RedGreenBlue);
    }
    catch (Exception e) when (e is not OutOfMemoryException)
    {
        // A damaged file: the decoder throws whatever it comes upon.
        return null;
    }
}

/// <summary>What the service answers.</summary>
/// <param name="Label">The class.</param>
/// <param name="Confidence">Its probability.</param>
internal sealed record Answer(string Label, float Confidence);
