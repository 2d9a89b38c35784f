using System.Collections.Immutable;
using System.Globalization;
using OptimizerBuild.Kernels;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering.Coding;

/// <summary>Which codes the resource of a model may have.</summary>
internal enum WeightCoding
{
    /// <summary>None: the resource is what kernels read.</summary>
    None,

    /// <summary>Those that weights with few different values or many zeros become small by.</summary>
    Structural,

    /// <summary>All.</summary>
    Entropy,
}

/// <summary>
/// Chooses for each section of the packed weights the code in which it takes the fewest bytes, and puts the resource together; a code that
/// saves next to nothing beside the others is not used. Sections
/// whose halves have statistics of their own (the gates of a recurrent layer, say) are divided for entropy codes. Elements of
/// four bytes are coded as they are, by their list of different ones, or byte by byte, the first bytes of all elements together, and so on:
/// signs and exponents take few values even where fractions take all. Weights of four bits, two to a byte, are coded one by one.
/// What lies between sections is zero and is not stored.
/// </summary>
internal static class WeightCoder
{
    // A part costs its integers in the plan, and time for its tables.
    private const int BytesOfPart = CodedWeights.Fields * sizeof(int);
    private const int LeastPart = 4096;
    private const double WorthDividing = 0.995;

    // What a code saves of the resource beside the other codes that it has, at least: a process that starts compiles some eight methods for
    // each code before its first prediction.
    private const double WorthCode = 1.0 / 400;

    // Parts begin where panels of weights may.
    private const int Alignment = 64;

    /// <summary>Codes the packed weights.</summary>
    /// <param name="blob">The weights.</param>
    /// <param name="coding">Which codes may be used.</param>
    /// <param name="cancellation">Stops the work; checked between sections.</param>
    public static StoredWeights Code(WeightsBlob blob, WeightCoding coding, CancellationToken cancellation = default)
    {
        byte[] memory = blob.ToArray();
        if (coding == WeightCoding.None)
            return StoredWeights.Plain(memory);
        WeightCode[] codes = [.. WeightCode.All.Where(c => coding == WeightCoding.Entropy || !c.IsEntropyCode)];
        BlobSection[] sections = [.. blob.Sections.Where(s => s.Bytes > 0)];
        var coded = new Coded[sections.Length][];
        Parallel.For(0, sections.Length, new ParallelOptions { CancellationToken = cancellation },
            i => coded[i] = Shortest(memory, sections[i], codes));
        coded = WithFewCodes(coded);

        // Sections of one code follow one another, so that one call decodes them.
        var resource = new MemoryStream();
        var calls = new List<PlanCall>();
        foreach (WeightCode code in codes)
        {
            var fields = new List<int>();
            foreach (Coded part in coded.SelectMany(c => c).Where(c => c.Code == code))
            {
                WeightRun run = part.Run;
                fields.AddRange([(int)resource.Length, part.Bytes.Length, run.Offset, run.Count, run.Width, run.Step]);
                resource.Write(part.Bytes);
            }
            if (fields.Count > 0)
                calls.Add(new(code.Kernel, "Decode", "", string.Create(CultureInfo.InvariantCulture,
                    $"{fields.Count / CodedWeights.Fields} sections as {code.Name}"), 0,
                    new([new PlanArgument.Integers("sections", new(fields))])));
        }
        byte[] stored = resource.ToArray();
        if (stored.Length >= memory.Length)
            return StoredWeights.Plain(memory);
        return new(stored, memory.Length, new(calls), sections.Zip(coded).ToImmutableDictionary(
            p => p.First.Offset,
            p => new StoredSection(string.Join('+', p.Second.Select(c => c.Code).Distinct().OrderBy(c => c.Rank).Select(c => c.Name)),
                p.Second.Sum(c => c.Bytes.Length))));
    }

    // One code after the other goes, that which the others do without best, as long as they do.
    private static Coded[][] WithFewCodes(Coded[][] sections)
    {
        while (true)
        {
            Coded[] all = [.. sections.SelectMany(s => s)];
            WeightCode[] used =
                [.. all.Select(c => c.Code).Concat(WeightCode.All.Where(c => c is PlainWeightCode)).Distinct().OrderBy(c => c.Rank)];
            double most = all.Sum(c => (long)c.Bytes.Length) * WorthCode;
            (WeightCode? Left, long Loss) least = (null, long.MaxValue);
            // Copying takes no tables and next to nothing to compile.
            foreach (WeightCode code in used.Where(c => c is not PlainWeightCode))
            {
                Coded[] others = [.. all.Where(c => c.Code == code)];
                if (Array.TrueForAll(others, c => c.HasOther(used)) && others.Sum(c => c.Loss(used)) is var loss && loss < least.Loss)
                    least = (code, loss);
            }
            if (least.Left is null || least.Loss > most)
                return sections;
            sections = [.. sections.Select(s => s.Select(c => c.Code == least.Left ? c.Otherwise(used) : c).ToArray())];
        }
    }

    private static Coded[] Shortest(byte[] memory, BlobSection section, WeightCode[] codes)
    {
        int width = section.ElementBytes is 4 or 0 ? section.ElementBytes : 1;
        int count = width == 0 ? checked(2 * section.Bytes) : section.Bytes / width;
        Coded whole = Shortest(new(memory, section.Offset, count, width, width), codes);
        if (width == 0)
            return [whole];
        if (width == 1)
            return codes.Any(c => c.IsEntropyCode) ? Divided(memory, whole, codes) : [whole];
        Coded[] bytes = [.. Enumerable.Range(0, width).Select(b => Shortest(new(memory, section.Offset + b, count, 1, width), codes))];
        return bytes.Sum(b => b.Bytes.Length) < whole.Bytes.Length ? bytes : [whole];
    }

    private static Coded[] Divided(byte[] memory, Coded whole, WeightCode[] codes)
    {
        WeightRun run = whole.Run;
        int half = run.Count / 2 / Alignment * Alignment;
        if (half < LeastPart)
            return [whole];
        Coded first = Shortest(new WeightRun(memory, run.Offset, half, 1, 1), codes);
        Coded second = Shortest(new WeightRun(memory, run.Offset + half, run.Count - half, 1, 1), codes);
        return first.Bytes.Length + second.Bytes.Length + BytesOfPart > whole.Bytes.Length * WorthDividing
            ? [whole] : [.. Divided(memory, first, codes), .. Divided(memory, second, codes)];
    }

    private static Coded Shortest(WeightRun run, WeightCode[] codes)
    {
        (WeightCode Code, byte[] Bytes)[] all = [.. codes.Select(c => (c, c.Encode(run)!)).Where(c => c.Item2 is not null)];
        (WeightCode code, byte[] bytes) = all.MinBy(c => c.Bytes.Length * c.Code.Weight(run.Count));
        return new(run, code, bytes, [.. all.Select(c => (c.Code, c.Bytes.Length))]);
    }

    // A run in the code chosen for it, with the bytes that it takes in each code that can hold it.
    private sealed record Coded(WeightRun Run, WeightCode Code, byte[] Bytes, (WeightCode Code, int Bytes)[] Lengths)
    {
        public bool HasOther(WeightCode[] codes) => Lengths.Any(l => l.Code != Code && codes.Contains(l.Code));

        public long Loss(WeightCode[] codes) => Other(codes).Bytes - Bytes.Length;

        public Coded Otherwise(WeightCode[] codes)
        {
            WeightCode code = Other(codes).Code;
            return this with { Code = code, Bytes = code.Encode(Run)! };
        }

        private (WeightCode Code, int Bytes) Other(WeightCode[] codes) => Lengths.Where(l => l.Code != Code && codes.Contains(l.Code))
            .MinBy(l => l.Bytes * l.Code.Weight(Run.Count));
    }
}

/// <summary>The weights as the resource holds them.</summary>
/// <param name="Bytes">The resource.</param>
/// <param name="MemoryBytes">Their size in memory.</param>
/// <param name="Expansion">The calls that bring them into memory; empty where the resource is what kernels read.</param>
/// <param name="Sections">What became of each section, by its offset in memory; empty where nothing is coded.</param>
internal sealed record StoredWeights(
    byte[] Bytes, int MemoryBytes, EquatableList<PlanCall> Expansion, ImmutableDictionary<int, StoredSection> Sections)
{
    /// <summary>Weights that are stored as they are.</summary>
    public static StoredWeights Plain(byte[] memory) =>
        new(memory, memory.Length, EquatableList<PlanCall>.Empty, ImmutableDictionary<int, StoredSection>.Empty);

    /// <summary>What became of a layer's weights, which may consist of several sections; null where they are not coded.</summary>
    /// <param name="offset">Where they begin in memory.</param>
    /// <param name="bytes">Their length there.</param>
    public StoredSection? Of(int offset, int bytes)
    {
        StoredSection[] parts =
            [.. Sections.Where(s => s.Key >= offset && s.Key < offset + bytes).OrderBy(s => s.Key).Select(s => s.Value)];
        return parts.Length == 0 ? null
            : new(string.Join('+', parts.SelectMany(p => p.Code.Split('+')).Distinct()), parts.Sum(p => p.Bytes));
    }

    /// <summary>Whether the resource has to be decoded.</summary>
    public bool IsCoded => Expansion.Count > 0;

    /// <summary>What the plan says of them, but for the layers.</summary>
    /// <param name="resourceName">The resource's name.</param>
    public PlanWeights Describe(string resourceName) => new(resourceName, Bytes.Length, PackedWeights.Checksum(Bytes))
    {
        ExpandedBytes = IsCoded ? MemoryBytes : null,
        Expansion = Expansion,
    };
}

/// <summary>A section in the resource.</summary>
/// <param name="Code">The names of its codes, for example <c>rans</c> or <c>plain+huffman</c>.</param>
/// <param name="Bytes">The bytes that it takes.</param>
internal sealed record StoredSection(string Code, int Bytes);
