using System.Collections.Immutable;

namespace OptimizerBuild.Options;

/// <summary>The metadata that say how recordings become samples.</summary>
internal static class SoundMetadata
{
    private const int MaximumRate = 768_000;

    /// <summary>Rows of <see cref="ItemMetadata.Table"/>.</summary>
    public static ImmutableArray<MetadataEntry> Entries { get; } =
    [
        new("SampleRate", MetadataKind.Number, "that of the recordings, which must be one", "a whole number from 1 to 768000",
            "The sampling rate, in samples a second, at which the model takes sound: recordings of other rates (data that are .wav files) "
                + "are resampled to it. They become numbers from −1 to 1 of one channel.",
            (o, value, _) => MetadataValues.Whole(value, 1, MaximumRate) is { } rate ? o with { SoundRate = rate } : null),
        new("Hop", MetadataKind.Number, "as many as the model takes: windows do not overlap", "a whole number from 1 to 1000000000",
            "Of recordings that are longer than the model takes: how many samples after the beginning of a window the next one begins. "
                + "Each window is a sample of the data, with the recording's label. What is left at the end is no window, and shorter "
                + "recordings are followed by silence.",
            (o, value, _) => MetadataValues.Whole(value, 1, 1_000_000_000) is { } hop ? o with { SoundHop = hop } : null),
    ];
}
