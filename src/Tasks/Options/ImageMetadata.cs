using System.Collections.Immutable;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Options;

/// <summary>The metadata that say how images are prepared.</summary>
internal static class ImageMetadata
{
    /// <summary>Rows of <see cref="ItemMetadata.Table"/>.</summary>
    public static ImmutableArray<MetadataEntry> Entries { get; } =
    [
        MetadataEntry.Choice<Preprocess>("Preprocess",
            "How images were prepared in training: bytes of callers and data become the numbers that the model expects, data may be "
                + "folders of PNG and JPEG files, and the generated class takes images of any size: see "
                + "[generated-code.md](generated-code.md#images). `InputType` is `UInt8` and `InputLayout` `NHWC` unless the item says "
                + "otherwise.",
            "`InputScale` and `InputOffset` say it",
            (o, value) => o with { Preprocess = value },
            (Preprocess.None, "levels as they are, 0 to 255"),
            (Preprocess.Unit, "0 to 1"),
            (Preprocess.ImageNet, "0 to 1, less 0.485, 0.456, 0.406, by 0.229, 0.224, 0.225 (torchvision); images are stretched"),
            (Preprocess.ImageNetCentered, "the same numbers; images keep their proportions: the shorter side becomes 8/7 of the model's "
                + "(256 for 224), and the middle is cut out"),
            (Preprocess.MobileNet, "−1 to 1 (Keras' MobileNet, Inception, Xception)"),
            (Preprocess.Caffe, "blue, green, red, less 103.939, 116.779, 123.68 (Keras' ResNet and VGG)")),
        new("Mean", MetadataKind.Text, "that of `Preprocess`, else 0", "a number or fraction, or one for each channel separated by commas",
            "What is taken off the levels of images, in the order of the model's channels. Of values from 0 to 1, as torchvision has it; "
                + "where a number in `Mean` or `Std` is above 1, both are in levels from 0 to 255.",
            (o, value, _) => MetadataValues.Numbers(value) is { } mean ? o with { Mean = mean } : null),
        new("Std", MetadataKind.Text, "that of `Preprocess`, else 1",
            "a positive number or fraction, or one for each channel separated by commas",
            "By what levels of images are divided then.",
            (o, value, _) => MetadataValues.Numbers(value) is { } deviation && deviation.All(d => d > 0)
                ? o with { Deviation = deviation }
                : null),
        new("Resize", MetadataKind.Text, "what the model takes, unless `Preprocess` or `Crop` say otherwise",
            "a whole number of pixels for the shorter side, or `240x320` (height and width)",
            "The size to which images are resized before the middle is cut out. With one number they keep their proportions; it must be at "
                + "least the model's greater side.",
            (o, value, _) => ImageSize.Parse(value) is { } size ? o with { Image = (o.Image ?? new()) with { Resize = size } } : null),
        new("Crop", MetadataKind.Text, "the whole image, unless `Resize` leaves more than the model takes",
            "`Center`, or the size that the model takes: `224` or `240x320`",
            "Cuts the middle out of images, which then keep their proportions: without `Resize` their shorter side becomes the model's "
                + "greater one.",
            (o, value, _) => string.Equals(value, "Center", StringComparison.OrdinalIgnoreCase)
                ? o with { Image = (o.Image ?? new()) with { KeepsProportions = true } }
                : ImageSize.Parse(value) is { } size ? o with { Image = (o.Image ?? new()) with { Crop = size } }
                : null),
        MetadataEntry.Choice<ImageFilter>("ResizeFilter", "How images are resized.", nameof(ImageFilter.Bilinear),
            (o, value) => o with { Image = (o.Image ?? new()) with { Filter = value } },
            (ImageFilter.Bilinear, "with antialiasing, as PIL and torchvision do"),
            (ImageFilter.BilinearNoAntialias, "between the nearest pixels, as OpenCV and TensorFlow do by default"),
            (ImageFilter.Area, "the mean of the area that a pixel covers, as OpenCV's INTER_AREA")),
        MetadataEntry.Choice<ColorOrder>("ColorOrder", "The order of colours that the model expects; data and callers have their own.",
            "`RGB`; `BGR` with `Preprocess=\"Caffe\"`",
            (o, value) => o with { ColorOrder = value },
            (ColorOrder.RGB, "red, green, blue"),
            (ColorOrder.BGR, "blue, green, red, as OpenCV and Caffe have them")),
    ];

    /// <summary>What follows from these metadata together.</summary>
    /// <param name="options">What each says by itself.</param>
    /// <param name="given">The value of a metadata as it is written; null where it is not given.</param>
    /// <returns>The options, and metadata that contradict others, with the reason.</returns>
    public static (ModelOptions Options, IEnumerable<(string Name, string Why)> Contradictions) Resolve(
        ModelOptions options, Func<string, string?> given)
    {
        if (options.Image is null && options.Preprocess is null && options.Mean is null && options.Deviation is null
            && options.ColorOrder is null)
            return (options, []);
        ImagePreprocessing image = (options.Image ?? new()) with
        {
            HasMargin = options.Preprocess == Preprocess.ImageNetCentered,
            IsBgr = (options.ColorOrder ?? (options.Preprocess == Preprocess.Caffe ? ColorOrder.BGR : ColorOrder.RGB)) == ColorOrder.BGR,
        };
        options = options with
        {
            Image = image,
            InputType = given("InputType") is null ? InputElement.UInt8 : options.InputType,
            InputLayout = given("InputLayout") is null ? ImageLayout.NHWC : options.InputLayout,
        };
        if (options.Preprocess is null && options.Mean is null && options.Deviation is null)
            return (options, []);
        string[] twice = [.. ((string[])["InputScale", "InputOffset"]).Where(n => given(n) is not null)];
        ImmutableArray<double> mean = options.Mean ?? [];
        ImmutableArray<double> deviation = options.Deviation ?? [];
        Normalisation own = Normalisation.Of(options.Preprocess ?? Preprocess.Unit);
        // A family's numbers follow its colours; those of the item are in the model's order already.
        Normalisation normalisation = (image.IsBgr == (options.Preprocess == Preprocess.Caffe) ? own : own.Reversed())
            .With(options.Mean, options.Deviation);
        bool isOneOrThree = Array.TrueForAll((int[])[mean.Length, deviation.Length], n => n is 0 or 1 or 3);
        return (
            options with { InputScale = normalisation.Scale, InputOffset = normalisation.Offset, IsInputScaleGiven = true },
            [
                .. twice.Select(n => (n, "Preprocess, Mean and Std say the same in other words: leave one of them out")),
                .. isOneOrThree ? [] : ((string, string)[])[(mean.Length is 0 or 1 or 3 ? "Std" : "Mean", "images have 1 or 3 channels")],
            ]);
    }
}
