using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>Reads recordings that lie as files in a folder or are named by a table, resampled and cut into windows.</summary>
internal static class SoundFolderReader
{
    /// <summary>
    /// Reads recordings: <c>x</c>, float32 windows, and the label of each where there are some. A recording that is shorter than a window
    /// is followed by silence; what is left over behind the last window is left out.
    /// </summary>
    /// <param name="reader">The reader with the limits.</param>
    /// <param name="files">The files.</param>
    /// <param name="form">What they become.</param>
    /// <param name="limits">How much memory they may take.</param>
    /// <param name="labelName">The name of the array of labels.</param>
    /// <param name="cancellation">Stops the reading; checked between recordings.</param>
    /// <exception cref="ModelException">The model takes no sound, a file cannot be read, or there are too many.</exception>
    public static List<NamedArray> Read(
        BoundedReader reader, LabelledFiles files, SampleForm form, DataLimits limits, string labelName, CancellationToken cancellation)
    {
        if (form.Sound is not { } sound)
            throw new ModelException(
                DiagnosticCatalog.NoSoundInput, $"'{reader.File}', a folder or list of recordings,", form.SoundObstacle);
        long[] windows = Count(files, ref sound, limits, cancellation);
        long total = windows.Sum();
        long room = Math.Min(limits.MaximumArrayBytes, limits.MaximumTotalBytes) / (sizeof(float) * (long)sound.Window);
        long taken = Math.Min(total, form.IsSelection ? Math.Min(form.Maximum, Math.Max(1, room)) : form.Maximum);
        TensorType type = reader.Type(ElementType.Float32, [taken, sound.Window], "the array of all windows", long.MaxValue);
        Tensor samples = Tensor.Zeros(type);
        Tensor? labels = files.LabelNumbers(form.ClassNames(), reader.File);
        Tensor? own = labels is null ? null : Tensor.Zeros(TensorType.Of(labels.Element, (int)taken));

        int next = 0;
        long before = 0;
        for (int file = 0; file < windows.Length; before += windows[file++])
        {
            cancellation.ThrowIfCancellationRequested();
            float[]? recording = null;
            // Those of this recording among the windows that are taken, evenly spread over all.
            for (; next < taken && Place(next) < before + windows[file]; next++)
            {
                if (own is not null)
                    Array.Copy(labels!.Data, file, own.Data, next, 1);
                if (form.IsForLabels)
                    continue;
                recording ??= Recording(files.Files[file], sound);
                int start = (int)(Place(next) - before) * sound.Hop;
                recording.AsSpan(start, Math.Min(sound.Window, recording.Length - start))
                    .CopyTo(samples.Values<float>().AsSpan(next * sound.Window));
            }
        }
        var arrays = new List<NamedArray> { new(CsvTableReader.FeaturesName, samples) };
        if (own is not null)
            arrays.Add(new(labelName, own));
        return arrays;

        long Place(int index) => index * total / taken;
    }

    // The windows of each recording; without a rate in the item all recordings must have one.
    private static long[] Count(LabelledFiles files, ref SoundForm form, DataLimits limits, CancellationToken cancellation)
    {
        var windows = new long[files.Files.Length];
        for (int i = 0; i < windows.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            (string name, string path) = files.Files[i];
            var file = WavFile.Read(path, name);
            int rate = form.Rate ?? file.Rate;
            if (form.Rate is null)
                form = form with { Rate = rate };
            else if (form.Rate != file.Rate && !form.IsResampled)
                throw Unreadable($"it has {file.Rate} samples in a second, where '{files.Files[0].Name}' has {form.Rate}; say with "
                    + "SampleRate what the model takes");
            if (file.Length == 0)
                throw Unreadable("it has no samples");
            long length = Resampler.LengthOf(file.Length, file.Rate, rate);
            if (Math.Max(file.Length, length) > limits.MaximumArrayBytes / sizeof(float))
                throw Unreadable($"it has {length} samples at a rate of {rate} in a second, which take too much memory");
            windows[i] = form.Windows(length);

            ModelException Unreadable(string what) =>
                new ModelException(DiagnosticCatalog.SoundFileUnreadable, name, what).In(path);
        }
        return windows;
    }

    private static float[] Recording((string Name, string Path) file, SoundForm form)
    {
        var recording = WavFile.Read(file.Path, file.Name);
        return Resampler.Run(recording.Samples(), recording.Rate, form.Rate!.Value);
    }
}
