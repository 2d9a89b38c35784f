using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Data;

/// <summary>Reads images that lie as files in a folder or are named by a table, and resizes them as the generated code does.</summary>
internal static class ImageFolderReader
{
    /// <summary>Reads images: <c>x</c>, bytes in the form that the model takes, and their labels where there are some.</summary>
    /// <param name="reader">The reader with the limits.</param>
    /// <param name="files">The files.</param>
    /// <param name="form">What they become.</param>
    /// <param name="limits">How much memory they may take.</param>
    /// <param name="labelName">The name of the array of labels.</param>
    /// <param name="cancellation">Stops the reading; checked between images.</param>
    /// <exception cref="ModelException">The model takes no images, a file cannot be read, or there are too many.</exception>
    public static List<NamedArray> Read(
        BoundedReader reader, LabelledFiles files, SampleForm form, DataLimits limits, string labelName, CancellationToken cancellation)
    {
        if (form.Image is not { } image)
            throw new ModelException(DiagnosticCatalog.NoImageInput, $"'{reader.File}', a folder or list of images,", form.ImageObstacle);
        int room = (int)Math.Min(int.MaxValue, Math.Min(limits.MaximumArrayBytes, limits.MaximumTotalBytes) / image.Bytes);
        LabelledFiles chosen = files.Spread(form.IsSelection ? Math.Min(form.Maximum, Math.Max(1, room)) : form.Maximum);
        TensorType type = reader.Type(
            ElementType.UInt8, [.. image.Dimensions(chosen.Files.Length).Select(d => (long)d)], "the array of all images", long.MaxValue);
        Tensor pixels = Tensor.Zeros(type);
        if (!form.IsForLabels)
            ReadAll(chosen, image, pixels.Values<byte>(), cancellation);
        var arrays = new List<NamedArray> { new(CsvTableReader.FeaturesName, pixels) };
        // Numbered over all files, so that a selection has the same classes.
        if (files.LabelNumbers(form.ClassNames(), reader.File) is { } all)
            arrays.Add(new(labelName, chosen.Files.Length == files.Files.Length ? all : Selected(all, chosen.Files.Length)));
        return arrays;
    }

    // Images do not depend on each other; of several that cannot be read the first one is named.
    private static void ReadAll(LabelledFiles files, ImageForm form, byte[] target, CancellationToken cancellation)
    {
        var errors = new ModelException?[files.Files.Length];
        try
        {
            Parallel.For(0, files.Files.Length, new ParallelOptions { CancellationToken = cancellation }, form.Resizer,
                (i, loop, resizer) =>
                {
                    try
                    {
                        (byte[] pixels, int width, int height) = ImageFile.Read(files.Files[i].Path, files.Files[i].Name);
                        form.Arrange(
                            resizer.Run(pixels, width, height, 0, ImageResizer.Rgb24, "pixels"), target.AsSpan(i * form.Bytes, form.Bytes));
                    }
                    catch (ModelException error)
                    {
                        errors[i] = error;
                        loop.Break();
                    }
                    return resizer;
                },
                _ => { });
        }
        catch (AggregateException error)
        {
            throw error.InnerExceptions[0];
        }
        if (Array.Find(errors, e => e is not null) is { } first)
            throw first;
    }

    private static Tensor Selected(Tensor all, int taken)
    {
        Tensor chosen = Tensor.Zeros(TensorType.Of(all.Element, taken));
        for (int i = 0; i < taken; i++)
            Array.Copy(all.Data, SampleSplitter.OriginalIndex(i, taken, all.Count), chosen.Data, i, 1);
        return chosen;
    }
}
