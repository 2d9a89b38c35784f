using OptimizerBuild.Plan;

namespace OptimizerBuild.Options;

/// <summary>What the item says of how images get the size that the model takes, and the order of its channels.</summary>
internal sealed record ImagePreprocessing
{
    /// <summary>The size of a resized image, of which the middle is taken; null where it follows from the others.</summary>
    public ImageSize? Resize { get; init; }

    /// <summary>What is cut out of the middle, which must be what the model takes; null where nothing is said.</summary>
    public ImageSize? Crop { get; init; }

    /// <summary>Whether images keep their proportions, so that their ends are cut off.</summary>
    public bool KeepsProportions { get; init; }

    /// <summary>Whether the shorter side becomes 8/7 of what the model takes (256 for 224) before the middle is cut out.</summary>
    public bool HasMargin { get; init; }

    /// <summary>Whether blue comes first in the model's channels.</summary>
    public bool IsBgr { get; init; }

    /// <summary>How levels are blended.</summary>
    public ImageFilter Filter { get; init; }

    /// <summary>The same text for the same choices: part of the cache's key.</summary>
    public override string ToString() =>
        $"resize {Resize}, crop {Crop}, proportions {KeepsProportions}, margin {HasMargin}, {(IsBgr ? "BGR" : "RGB")}, {Filter}";
}

/// <summary>The size of an image as metadata give it.</summary>
/// <param name="Height">The rows, or the shorter side.</param>
/// <param name="Width">The pixels of a row; 0 where <paramref name="Height"/> is the shorter side.</param>
internal readonly record struct ImageSize(int Height, int Width)
{
    /// <summary>Parses <c>256</c> or <c>240x320</c>; null for anything else.</summary>
    public static ImageSize? Parse(string text) => text.Split('x', 'X', '×') switch
    {
        [var side] => MetadataValues.Whole(side.Trim(), 1, PlanImage.MaximumSide) is { } n ? new(n, 0) : null,
        [var height, var width] => MetadataValues.Whole(height.Trim(), 1, PlanImage.MaximumSide) is { } h
            && MetadataValues.Whole(width.Trim(), 1, PlanImage.MaximumSide) is { } w ? new(h, w) : null,
        _ => null,
    };

    /// <inheritdoc/>
    public override string ToString() => Width == 0 ? $"{Height}" : $"{Height}x{Width}";
}
