using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Options;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Data;

/// <summary>What images become before their levels are numbers: the size, the channels and their order that a model takes.</summary>
/// <param name="Image">The resizing, as the generated code does it.</param>
/// <param name="IsChannelsLast">Whether arrays of such images have their channels last.</param>
internal sealed record ImageForm(PlanImage Image, bool IsChannelsLast)
{
    /// <summary>The form of a model's images.</summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="graph">The model as imported.</param>
    /// <exception cref="ModelException">Sizes in the metadata do not fit the model.</exception>
    /// <returns>The form, or null with what is in the way.</returns>
    public static (ImageForm? Form, string Obstacle) Of(ModelOptions options, Graph graph)
    {
        if (graph.Inputs.Length != 1)
            return (null, $"the model has {graph.Inputs.Length} inputs");
        string input = graph.Inputs[0];
        TensorType type = graph.TypeOf(input);
        bool isLast = InputAdaptation.IsChannelsLast(graph, input);
        if (type.Rank != 4 || type.Dimensions[0] != 1 || type.Dimensions[isLast ? 3 : 1] is not (1 or 3))
            return (null, $"the input '{input}' is {type}, not one image of 1 or 3 channels");
        (int height, int width) = isLast ? (type.Dimensions[1], type.Dimensions[2]) : (type.Dimensions[2], type.Dimensions[3]);
        int channels = type.Dimensions[isLast ? 3 : 1];
        if (height is < 1 or > PlanImage.MaximumSide || width is < 1 or > PlanImage.MaximumSide)
            return (null, $"the input '{input}' is {type}, larger than {PlanImage.MaximumSide} pixels");
        if (type.Element != ElementType.Float32 && (type.Element != ElementType.UInt8 || !(isLast || channels == 1)))
            return (null, $"the input '{input}' is {type}, neither float32 nor bytes with channels last");
        var adaptation = InputAdaptation.Of(options);
        bool hasLast = isLast || adaptation.MovesChannels(graph, input);
        return (new(Resizing(options, height, width, channels), hasLast || channels == 1), "");
    }

    /// <summary>How the generated class takes images of any size; null where it does not.</summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="graph">The model as imported.</param>
    /// <exception cref="ModelException">The item says how images are prepared, but the model takes none.</exception>
    public static PlanImage? OfCalls(ModelOptions options, Graph graph)
    {
        if (options.Image is null)
            return null;
        (ImageForm? form, string obstacle) = Of(options, graph);
        if (form is null)
            throw new ModelException(DiagnosticCatalog.NoImageInput, "the metadata for images (Preprocess, Resize and others)", obstacle);
        bool takesBytes = options.InputType == InputElement.UInt8 || graph.TypeOf(graph.Inputs[0]).Element == ElementType.UInt8;
        return takesBytes && form.IsChannelsLast ? form.Image : null;
    }

    /// <summary>The type of an array of images.</summary>
    public ImmutableArray<int> Dimensions(int count) => IsChannelsLast
        ? [count, Image.Height, Image.Width, Image.Channels] : [count, Image.Channels, Image.Height, Image.Width];

    /// <summary>The bytes of an image.</summary>
    public int Bytes => Image.Height * Image.Width * Image.Channels;

    /// <summary>What resizes images, for one thread.</summary>
    public ImageResizer Resizer() => new(
        Image.Height, Image.Width, Image.Channels, Image.IsBgr, Image.ResizedHeight, Image.ResizedWidth, Image.ShorterSide,
        (int)Image.Filter);

    /// <summary>Writes what the resizer gives, pixel by pixel, in the order of the array.</summary>
    public void Arrange(ReadOnlySpan<byte> pixels, Span<byte> target)
    {
        if (IsChannelsLast)
        {
            pixels.CopyTo(target);
            return;
        }
        int plane = Image.Height * Image.Width;
        for (int p = 0; p < plane; p++)
            for (int c = 0; c < Image.Channels; c++)
                target[(c * plane) + p] = pixels[(p * Image.Channels) + c];
    }

    private static PlanImage Resizing(ModelOptions options, int height, int width, int channels)
    {
        ImagePreprocessing asked = options.Image ?? new();
        var stretched = new PlanImage(height, width, channels, asked.IsBgr && channels == 3, height, width, 0, asked.Filter);
        if (asked.Crop is { } crop && (crop.Height, crop.Width == 0 ? crop.Height : crop.Width) != (height, width))
            throw Misfit("Crop", crop, $"the model takes {height}x{width}, which is what must be cut out");
        int side = Math.Max(height, width);
        if (asked.Resize is not { } size)
        {
            return asked.HasMargin ? stretched with { ShorterSide = Math.Min(PlanImage.MaximumSide, ((side * 8) + 6) / 7) }
                : asked.KeepsProportions || asked.Crop is not null ? stretched with { ShorterSide = side }
                : stretched;
        }
        if (size.Width == 0)
        {
            return size.Height >= side ? stretched with { ShorterSide = size.Height }
                : throw Misfit("Resize", size, $"the model takes {height}x{width}, so that the shorter side must be {side} or more");
        }
        return size.Height >= height && size.Width >= width ? stretched with { ResizedHeight = size.Height, ResizedWidth = size.Width }
            : throw Misfit("Resize", size, $"the model takes {height}x{width}, which must fit into it");
    }

    private static ModelException Misfit(string metadata, ImageSize size, string why) =>
        new(DiagnosticCatalog.ImageSizeMisfit, metadata, size.ToString(), why);
}
