namespace OptimizerBuild.Plan;

/// <summary>
/// How images of any size become the model's only input, which takes bytes pixel by pixel: the arguments of <c>ImageResizer</c> in
/// src/Kernels.
/// </summary>
/// <param name="Height">The rows that the model takes.</param>
/// <param name="Width">The pixels of a row that it takes.</param>
/// <param name="Channels">Its channels, 1 or 3.</param>
/// <param name="IsBgr">Whether blue comes first in it.</param>
/// <param name="ResizedHeight">The rows of a resized image, of which the middle ones are taken; as many as the model takes where
/// <paramref name="ShorterSide"/> says it.</param>
/// <param name="ResizedWidth">The pixels of its rows, likewise.</param>
/// <param name="ShorterSide">The shorter side of a resized image that keeps its proportions; 0 for one that does not.</param>
/// <param name="Filter">How levels are blended.</param>
internal sealed record PlanImage(
    int Height, int Width, int Channels, bool IsBgr, int ResizedHeight, int ResizedWidth, int ShorterSide, ImageFilter Filter)
{
    /// <summary>The greatest side of a resized image, so that its other side stays within the resizer's numbers.</summary>
    public const int MaximumSide = 8192;
}

/// <summary>How the levels of an image are blended when it is resized; the numbers are those of <c>ResamplingWeights</c>.</summary>
internal enum ImageFilter
{
    /// <summary>A triangle that widens with the reduction, as PIL and torchvision have it.</summary>
    Bilinear,

    /// <summary>A triangle between neighbours, whatever the reduction is.</summary>
    BilinearNoAntialias,

    /// <summary>Shares of areas.</summary>
    Area,
}
