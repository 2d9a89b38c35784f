namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>
/// One call of a kernel on data of its own: the whole arena afterwards must be what the oracle says, so that writing one byte too many or
/// too few shows. The registry of all of them is <see cref="KernelCases"/>.
/// </summary>
internal sealed class KernelCase
{
    private byte[]? _expected;

    /// <summary>The kernel's class and method, for example <c>Int8Convolution.Run</c>.</summary>
    public required string Kernel { get; init; }

    /// <summary>What is special in this case: shapes and such.</summary>
    public required string Name { get; init; }

    /// <summary>The arena before the call.</summary>
    public required byte[] Arena { get; init; }

    /// <summary>The weights.</summary>
    public required byte[] Weights { get; init; }

    /// <summary>The call.</summary>
    public required Action<Workspace> Run { get; init; }

    /// <summary>Writes the outputs into a copy of the arena, by the oracle.</summary>
    public required Action<byte[]> Oracle { get; init; }

    /// <summary>For matrix products: what <see cref="Run"/> carries out, so that tests can send it along other paths.</summary>
    public Int8Product? Product { get; init; }

    /// <summary>The same for products with sparse weights.</summary>
    public Int8SparseProduct? Sparse { get; init; }

    /// <summary>The same for products with weights of four bits.</summary>
    public Int4Product? Four { get; init; }

    /// <summary>The same for convolutions that Winograd's form takes.</summary>
    public Int8WinogradProduct? Winograd { get; init; }

    /// <summary>Whether the kernel allocates strings.</summary>
    public bool MakesStrings { get; init; }

    /// <summary>The arena as it must be after the call.</summary>
    public byte[] Expected
    {
        get
        {
            if (_expected is null)
            {
                // Published when it is complete: test classes run side by side.
                var expected = (byte[])Arena.Clone();
                Oracle(expected);
                _expected = expected;
            }

            return _expected;
        }
    }

    /// <summary>A workspace with the case's arena and weights.</summary>
    public Workspace Workspace()
    {
        var workspace = new Workspace(PackedWeights.Of(Weights), Arena.Length);
        Arena.CopyTo(workspace.ArenaSpan<byte>(0, Arena.Length));
        workspace.ArenaSpan<byte>(Arena.Length, Kernels.Workspace.TailPadding).Fill(0xA5);
        return workspace;
    }

    /// <summary>Runs the kernel, or another way of doing the same, and returns the arena afterwards.</summary>
    public byte[] Actual(Action<Workspace>? other = null)
    {
        Workspace workspace = Workspace();
        (other ?? Run)(workspace);
        if (workspace.ArenaSpan<byte>(Arena.Length, Kernels.Workspace.TailPadding).ContainsAnyExcept((byte)0xA5))
            throw new InvalidOperationException($"{this}: written behind the arena");
        return workspace.ArenaSpan<byte>(0, Arena.Length).ToArray();
    }

    /// <summary>Runs the kernel in the small code of the start-up path.</summary>
    /// <param name="asLarge">Whether in the form for large steps.</param>
    public byte[] ActualOnStart(bool asLarge) => Actual(w =>
    {
        w.IsStarting = true;
        w.TakesStepsAsLarge = asLarge;
        Run(w);
    });

    /// <inheritdoc/>
    public override string ToString() => $"{Kernel} {Name}";
}
