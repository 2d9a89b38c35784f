using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Data;

/// <summary>What files become that are one sample each, such as images.</summary>
internal sealed record SampleForm
{
    /// <summary>Nothing is known of a model, so that there are no such files.</summary>
    public static SampleForm None { get; } = new() { ImageObstacle = "no model is known", SoundObstacle = "no model is known" };

    /// <summary>What images become; null where the model takes none.</summary>
    public ImageForm? Image { get; init; }

    /// <summary>Why the model takes no images.</summary>
    public string ImageObstacle { get; init; } = "";

    /// <summary>What recordings become; null where the model takes none.</summary>
    public SoundForm? Sound { get; init; }

    /// <summary>Why the model takes no recordings.</summary>
    public string SoundObstacle { get; init; } = "";

    /// <summary>The file with the names of the classes; null where there is none.</summary>
    public string? LabelsPath { get; init; }

    /// <summary>The names that the model itself gives its classes; null where it gives none.</summary>
    public string[]? OwnLabels { get; init; }

    /// <summary>The names of the classes, in the order of the model's scores; null where nobody gives them.</summary>
    /// <exception cref="ModelException">The file of labels cannot be read.</exception>
    public string[]? ClassNames() => LabelsPath is { } path ? LabelsFile.Read(path, null) : OwnLabels;

    /// <summary>How many files are read at most, evenly spread over all of them.</summary>
    public int Maximum { get; init; } = int.MaxValue;

    /// <summary>Whether only labels matter, so that no image is decoded and no recording read: they are zeros.</summary>
    public bool IsForLabels { get; init; }

    /// <summary>Whether as many are read as there is memory for, evenly spread, where there are more of them; otherwise that is an
    /// error.</summary>
    public bool IsSelection { get; init; }

    /// <summary>The form of a model's samples.</summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="graph">The model as imported.</param>
    public static SampleForm Of(ModelOptions options, Graph graph)
    {
        (ImageForm? image, string obstacle) = ImageForm.Of(options, graph);
        (SoundForm? sound, string silence) = SoundForm.Of(options, graph);
        return new()
        {
            Image = image,
            ImageObstacle = obstacle,
            Sound = sound,
            SoundObstacle = silence,
            LabelsPath = options.LabelsPath,
        };
    }
}
