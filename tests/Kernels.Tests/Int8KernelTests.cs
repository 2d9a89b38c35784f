using OptimizerBuild.Kernels.Tests.Cases;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>Every kernel against its oracle, byte for byte over the whole arena.</summary>
public sealed class Int8KernelTests
{
    public static TheoryData<string> Kernels => [.. KernelCases.Kernels];

    public static TheoryData<string> KernelsThatMakeNoStrings =>
        [.. KernelCases.All.Where(c => !c.MakesStrings).Select(c => c.Kernel).Distinct()];

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Kernel_writes_exactly_what_the_oracle_says(string kernel)
    {
        foreach (KernelCase c in KernelCases.All.Where(c => c.Kernel == kernel))
            CaseAssert.Same(c.Expected, c.Actual(), c.ToString());
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Kernel_writes_the_same_on_the_start_up_path(string kernel)
    {
        foreach (KernelCase c in KernelCases.All.Where(c => c.Kernel == kernel))
        {
            CaseAssert.Same(c.Expected, c.ActualOnStart(asLarge: false), c.ToString());
            CaseAssert.Same(c.Expected, c.ActualOnStart(asLarge: true), $"{c}, as a large step");
        }
    }

    [Theory]
    [MemberData(nameof(KernelsThatMakeNoStrings))]
    public void Kernel_allocates_nothing(string kernel)
    {
        foreach (KernelCase c in KernelCases.All.Where(c => c.Kernel == kernel))
        {
            Workspace workspace = c.Workspace();
            long allocated = Allocation.Of(() => c.Run(workspace));
            Assert.True(allocated == 0, $"{c} allocated {allocated} bytes");
        }
    }
}
